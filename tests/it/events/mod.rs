//! §3 Events API.

mod apps;
mod codes;
mod cut_answers;
mod envelope;
mod file_hooks;
mod gone;
mod headers;
mod idempotency;
mod loops;
mod optional;
mod ordered;
mod outcome;
mod patterns;
mod private;
mod publish;
mod publish_or_subscribe;
mod retries;
mod skipped;
mod subscribe;
mod subscribers;
mod types;
mod unknown_input;
mod unsubscribe;
