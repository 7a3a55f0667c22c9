//! The embedded journal: the ports of `footbridge-journal` in one SQLite file.
//!
//! One thread owns the only connection that writes. What is requested during a commit becomes the next transaction,
//! so that many callers share one flush. Reads run on threads of their own, see the latest commit, and never delay
//! writes.
//!
//! The journal is fail-stop. After an I/O error it acknowledges nothing more, because a flush that failed once may
//! succeed the next time with its data lost. A full disk is not such an error: the transaction is rolled back, its
//! callers get an error, and a reserve on the disk is released, so that results can still be written and old events
//! deleted. Another program's lock is no such error either: the writer waits for it, and refuses commands that wait
//! too long.
//!
//! The store is exclusive: one server joins, and its session owns every partition. Only this crate names the driver.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

mod account;
mod apps;
mod attention;
mod audit;
mod background;
mod backlog;
mod check;
mod checksum;
mod cluster;
mod column;
mod credential_uses;
mod deliveries;
mod effects;
mod error;
mod events;
mod exchanges;
mod failure;
mod filter;
mod holder;
mod hook_row;
mod hooks;
mod id_floor;
mod inspect;
mod job_port;
mod job_row;
mod jobs;
mod join;
mod journal;
mod keys;
mod lineage;
mod links;
mod lock;
mod migrate;
mod missed;
mod open;
mod people;
mod people_rows;
mod provenance;
mod prune;
mod reader;
mod registry;
mod retry;
mod room;
mod seal;
mod search;
mod status;
#[cfg(test)]
mod tests;
mod traffic;
mod txn;
mod views;
mod writer;

pub use error::OpenError;
pub use journal::SqliteJournal;
pub use open::{Claim, SqliteOptions};
pub use seal::MasterKey;

/// The path of the file beside the database whose name has this ending.
fn beside(database: &std::path::Path, end: &str) -> std::path::PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(end);
    std::path::PathBuf::from(name)
}
