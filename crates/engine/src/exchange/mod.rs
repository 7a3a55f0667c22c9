//! Exchanges: one request to one recipient, whose answer goes back to the sender.

mod accept;
mod checked;
mod error;
mod forward;
mod record;
mod stored;

pub use accept::{ExchangeDraft, ExchangeOptions, ExchangeReply, Reply, UsedKey};

pub(crate) use accept::Exchanges;
pub(crate) use error::refused_as_unlinked;
