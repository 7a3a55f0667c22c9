//! The open transaction that commands write to.

use crate::account;
use crate::column::{key, number};
use crate::failure::{CommandError, CommandResult};
use crate::seal::Sealer;
use footbridge_journal::{Account, Claim, JournalError, Session, Version};
use footbridge_model::time::Millis;
use rusqlite::{Connection, OptionalExtension as _, Params, Row};
use std::collections::HashSet;

/// The writer's state in memory, beside the database.
#[derive(Debug, Clone, Default)]
pub(crate) struct WriterState {
    /// The account, including the open transaction.
    pub(crate) account: Account,
    /// Ordered hooks that are not deleted.
    pub(crate) ordered: HashSet<i64>,
    /// The position of the current round of retention.
    pub(crate) swept: Swept,
    /// When the database was last used before it was opened.
    pub(crate) seen: Option<Millis>,
    /// The registry's version, including the open transaction.
    pub(crate) version: Version,
    /// The session that has joined; 0 before.
    pub(crate) session: Session,
}

/// The last ids that a round of retention has looked at; `i64::MAX` when it is complete.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Swept {
    pub(crate) events: i64,
    pub(crate) exchanges: i64,
    /// The number of rows of a kind that the next call looks at: fewer after a portion did not fit on the disk.
    pub(crate) portion: u32,
}

impl Swept {
    /// The most rows of a kind that one call looks at: some ten milliseconds of the writer's time.
    pub(crate) const PORTION: u32 = 1000;
}

impl Default for Swept {
    fn default() -> Self {
        Self { events: 0, exchanges: 0, portion: Self::PORTION }
    }
}

impl WriterState {
    /// Reads the state from the database, also after a transaction was rolled back.
    pub(crate) fn load(conn: &Connection) -> rusqlite::Result<Self> {
        let sql = "SELECT id FROM hooks WHERE ordered = 1 AND gone_after IS NULL";
        let ordered = conn.prepare_cached(sql)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(Self {
            account: account::load(conn)?,
            ordered,
            swept: Swept::default(),
            seen: None,
            version: Version(fact(conn, VERSION)?),
            session: Session::default(),
        })
    }
}

/// The name of the registry's version in `meta`.
pub(crate) const VERSION: &str = "registry_version";
/// The name of the latest session in `meta`.
pub(crate) const SESSION: &str = "session";

/// A number in `meta`; 0 if it was never stored.
fn fact(conn: &Connection, name: &str) -> rusqlite::Result<u64> {
    let mut select = conn.prepare_cached("SELECT value FROM meta WHERE name = ?1")?;
    Ok(select.query_row([name], |row| row.get(0)).optional()?.map_or(0, number))
}

/// An open transaction of the writer.
#[derive(Debug)]
pub(crate) struct Txn<'a> {
    /// The connection of the transaction.
    pub(crate) conn: &'a Connection,
    /// The state that changes with the transaction.
    pub(crate) state: &'a mut WriterState,
    /// Seals secrets before they are written.
    pub(crate) sealer: &'a Sealer,
}

impl Txn<'_> {
    /// Reads a number from `meta`; 0 if it was never stored.
    pub(crate) fn fact(&self, name: &str) -> rusqlite::Result<u64> {
        fact(self.conn, name)
    }

    /// Stores a number in `meta`.
    pub(crate) fn set_fact(&self, name: &str, value: u64) -> rusqlite::Result<()> {
        let sql = "INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)";
        self.run(sql, rusqlite::params![name, key(value)]).map(drop)
    }

    /// Fails unless the claim is of the present session.
    pub(crate) fn check(&self, claim: Claim) -> CommandResult<()> {
        if claim.session == self.state.session {
            Ok(())
        } else {
            Err(CommandError::Refused(JournalError::Fenced))
        }
    }

    /// Raises the registry's version.
    pub(crate) fn next_version(&mut self) -> rusqlite::Result<Version> {
        let next = self.state.version.next();
        self.set_fact(VERSION, next.0)?;
        self.state.version = next;
        Ok(next)
    }

    /// Runs a prepared statement, and returns how many rows it changed.
    pub(crate) fn run(&self, sql: &str, params: impl Params) -> rusqlite::Result<usize> {
        self.conn.prepare_cached(sql)?.execute(params)
    }

    /// Returns the first row of a prepared statement.
    pub(crate) fn first<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Option<T>> {
        self.conn.prepare_cached(sql)?.query_row(params, read).optional()
    }

    /// Returns all rows of a prepared statement.
    pub(crate) fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Vec<T>> {
        self.conn.prepare_cached(sql)?.query_map(params, read)?.collect()
    }
}
