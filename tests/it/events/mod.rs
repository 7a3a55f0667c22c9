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
mod retries;
mod skipped;
mod subscribe;
mod subscribers;
mod swallowed;
mod types;
mod unsubscribe;
mod which_is_which;
