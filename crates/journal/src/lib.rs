//! The ports of what must survive, and the laws every store obeys. Names no driver.
//!
//! [`RegistryStore`] stores apps, links and hooks. [`Journal`] stores events, deliveries and exchanges; it is the sum
//! of one trait for each use: [`EventLog`], [`DeliveryQueue`], [`ExchangeLog`], [`History`],
//! [`Statistics`], [`Retention`].
//! [`PeopleStore`] stores who administers the server. [`Cluster`] says which server may write what.
//!
//! A server joins and gets a [`Session`]. Deliveries belong to the [`Partition`] of their hook's app, and one session
//! at a time owns a partition: its writes name a [`Claim`]. An *exclusive* store, such as one file on one machine,
//! admits one session, which owns every partition.
//!
//! The laws:
//!
//! 1. When a returned [`Wait`] resolves to `Ok`, what it wrote is on stable storage, unless its method says otherwise.
//! 2. Writes of one session to one partition take effect in the order of the calls, whether or not anyone awaits their
//!    `Wait`s; [`DeliveryQueue::due`] sees every one called before it. In an exclusive store this holds for all writes.
//! 3. One call is one transaction: all of it is stored, or nothing.
//! 4. At any commit `accepted = delivered + unanswered + dead + cancelled + pending` in [`History::account`], across
//!    restarts and retention.
//! 5. After [`Cluster::bury`] has returned, no write of the buried session takes effect. After a partition has a new
//!    owner, no write under an older claim takes effect.
//! 6. Versions of the registry have no holes: whoever has read up to a version has read every change up to it.
//! 7. The horizon never goes back, and no event appears below it.
//! 8. A store that servers share answers every call within [`ANSWER_WITHIN`], at the latest with
//!    [`JournalError::Unavailable`]. Only [`Cluster::hints`] waits longer. This is the driver's duty, because only the
//!    driver can close a connection whose answer never comes, and law 2 holds for the call that it gave up, too. The
//!    engine sets no limits of its own: it gives a partition away once every result is written, so a call without an
//!    answer would leave the partition with a session that no longer delivers it.

mod account;
mod audit_log;
mod claim;
mod cluster;
#[cfg(feature = "test")]
pub mod contract;
mod credential_uses;
mod delivery_queue;
mod error;
mod event_log;
mod exchange_log;
mod health;
mod history;
mod jobs;
mod journal;
mod key_scopes;
#[cfg(feature = "test")]
pub mod memory;
mod pending_delivery;
mod people_store;
mod registry;
mod search;
mod statistics;
mod views;

pub use account::Account;
pub use audit_log::{AuditFilter, AuditLog, FoundAudit};
pub use claim::{BeatNumber, Claim, Epoch, Partition, Session, Version};
pub use cluster::{
    ANSWER_WITHIN, Burial, Cluster, Ended, EndedHook, Hint, Hints, Joined, NodeCard, Peer, Pulse,
};
pub use credential_uses::CredentialUses;
pub use delivery_queue::{
    CancelOnly, CancelledOne, DeliveryQueue, DeliveryResult, Recorded, Replay, Retried,
};
pub use error::JournalError;
pub use event_log::{Accepted, Appended, EventLog, IdempotencyKey, NewDelivery, NewEvent};
pub use exchange_log::{ExchangeEnd, ExchangeLog, ExchangeStart, KeyDisposition};
pub use health::JournalHealth;
pub use history::{
    Backlog, DeliveredEvent, DeliveryFilter, DeliveryView, Effect, EffectKind, EventFilter, EventView,
    ExchangeFilter, FoundDeliveries, History, HookBacklog, MissedEvents, Page, StatusCounts,
};
pub use jobs::{
    AddedDelivery, DeliveryNow, JobAct, JobRows, JobStep, Jobs, NewJobItem, SteppedJob, end_job, take_step,
};
pub use journal::{Journal, PruneLimits, Retention, Store};
pub use key_scopes::KeyScopes;
pub use pending_delivery::PendingDelivery;
pub use people_store::{FoundSession, FoundToken, PeopleChange, PeopleSnapshot, PeopleStore};
pub use registry::{RegistryBatch, RegistryChange, RegistrySnapshot, RegistryStore, RegistryUpdate};
pub use search::{Budget, Collector, Found, Order, Search};
pub use statistics::{
    DeadDeliveries, Group, Grouping, HOURS_KEPT, MINUTES_KEPT, Resolution, Statistics, Traffic, TrafficFold,
    TrafficQuery, WaitingDeliveries, matches_glob,
};

pub use views::{SavedView, Views};

use std::future::Future;
use std::pin::Pin;

/// The answer to a call, to be awaited or dropped.
pub type Wait<T> = Pin<Box<dyn Future<Output = Result<T, JournalError>> + Send>>;
