//! §2 Event Bridge.

mod answer;
mod auth;
mod body;
mod breaker;
mod errors;
mod idempotency;
mod link;
mod names;
mod pair;
mod permits;
mod prefer;
mod receiver;
mod settings_cors;
