//! Exchanges: one request to one recipient, its answer back to the sender.

mod accept;
mod forward;
mod keyed;
mod note;

pub use accept::{ExchangeDraft, ExchangeReply, How, Reply, UsedKey};

pub(crate) use accept::Exchanges;
