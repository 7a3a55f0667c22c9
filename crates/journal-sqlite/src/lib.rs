//! The embedded journal: the ports of `footbridge-journal` on one SQLite file.
//!
//! One thread owns the only connection that writes. Whatever was asked for while it committed becomes
//! its next transaction, so that many callers share one flush. Reads that tolerate the last commit
//! run on threads of their own and never hold writes up.
//!
//! Fail-stop: after an I/O error nothing is acknowledged any more, for a flush that failed once may
//! succeed the next time with its data lost. A full disk is no such error: that transaction is undone,
//! its callers are told, and the next may fit.
//!
//! This is the only crate that names the driver. Nothing in it knows what the rows mean to the engine.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

mod account;
mod apps;
mod column;
mod deliveries;
mod error;
mod events;
mod exchanges;
mod fault;
mod filter;
mod hook_row;
mod hooks;
mod journal;
mod keys;
mod lineage;
mod links;
mod lock;
mod migrate;
mod open;
mod reader;
mod recover;
mod registry;
mod retain;
mod retry;
mod seal;
mod since;
#[cfg(test)]
mod tests;
mod txn;
mod writer;

pub use error::OpenError;
pub use journal::SqliteJournal;
pub use open::SqliteOptions;
pub use seal::MasterKey;
