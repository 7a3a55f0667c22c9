//! What must survive: the ports of the journal and their laws. Names no driver.
//!
//! Two traits: [`RegistryStore`] keeps apps, links and hooks, [`Journal`] keeps events, deliveries and
//! exchanges. The laws every implementation obeys:
//!
//! 1. When a returned [`Wait`] resolves to `Ok`, what it wrote is on stable storage (unless its method
//!    says otherwise).
//! 2. Writes take effect in the order in which the methods were called, whether or not anyone awaits
//!    their `Wait`s; [`Journal::due`] sees every write called before it.
//! 3. One call is one transaction: all of it is kept, or nothing.
//! 4. At any instant `accepted = delivered + unanswered + dead + cancelled + pending` in
//!    [`Journal::account`], across restarts and retention.

mod account;
#[cfg(feature = "test")]
pub mod contract;
mod error;
mod health;
mod journal;
mod key_scopes;
#[cfg(feature = "test")]
pub mod memory;
mod registry;

pub use account::Account;
pub use error::JournalError;
pub use health::JournalHealth;
pub use journal::{
    Accepted, Appended, Backlog, DeliveryFilter, DeliveryResult, DeliveryView, EndedHook, EventFilter,
    EventView, ExchangeFilter, ExchangeStart, FoundDeliveries, IdempotencyKey, Journal, KeyDisposition,
    MissedEvents, NewDelivery, NewEvent, Page, PendingDelivery, Recovery, Replay, Retried,
};
pub use key_scopes::KeyScopes;
pub use registry::{RegistryBatch, RegistrySnapshot, RegistryStore};

use std::future::Future;
use std::pin::Pin;

/// The answer to a request to the journal, to be awaited or dropped.
pub type Wait<T> = Pin<Box<dyn Future<Output = Result<T, JournalError>> + Send>>;
