//! §3 Events API.

mod apps;
mod codes;
mod envelope;
mod file_hooks;
mod headers;
mod idempotency;
mod outcome;
mod patterns;
mod private;
mod publish;
mod retries;
mod subscribe;
mod subscribers;
mod types;
mod unsubscribe;
mod which_is_which;
