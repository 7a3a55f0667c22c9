//! The embedded journal: the ports of `footbridge-journal` on one SQLite file.
//!
//! One thread owns the only connection that writes. Whatever was asked for while it committed becomes
//! its next transaction, so that many callers share one flush. Reads that tolerate the last commit
//! run on threads of their own and never hold writes up.
//!
//! Fail-stop: after an I/O error nothing is acknowledged any more, for a flush that failed once may
//! succeed the next time with its data lost. A full disk is no such error: that transaction is undone, its
//! callers are told, and a reserve on the disk is given up, so that results can still be written and old events
//! deleted. Nor is another program's lock: the writer waits for it and refuses what waits for too long.
//!
//! This is the only crate that names the driver. Nothing in it knows what the rows mean to the engine.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

mod account;
mod apps;
mod background;
mod check;
mod column;
mod deliveries;
mod error;
mod events;
mod exchanges;
mod fault;
mod filter;
mod holder;
mod hook_row;
mod hooks;
mod inspect;
mod journal;
mod keys;
mod lineage;
mod links;
mod lock;
mod mark;
mod migrate;
mod missed;
mod open;
mod prune;
mod reader;
mod recover;
mod registry;
mod retry;
mod room;
mod seal;
mod status;
mod sum;
#[cfg(test)]
mod tests;
mod txn;
mod writer;

pub use error::OpenError;
pub use journal::SqliteJournal;
pub use open::{Claim, SqliteOptions};
pub use seal::MasterKey;

/// The file that lies beside the database under its name with this ending.
fn beside(database: &std::path::Path, end: &str) -> std::path::PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(end);
    std::path::PathBuf::from(name)
}
