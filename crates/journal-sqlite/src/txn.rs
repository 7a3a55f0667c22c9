//! The open transaction that commands write to.

use crate::account;
use crate::seal::Sealer;
use footbridge_journal::Account;
use footbridge_model::time::Millis;
use rusqlite::{Connection, OptionalExtension as _, Params, Row};
use std::collections::HashSet;

/// What the writer holds in memory beside the database.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    /// The account, the open transaction included.
    pub(crate) account: Account,
    /// Kept hooks that ask for order.
    pub(crate) ordered: HashSet<i64>,
    /// How far the current round of retention has looked.
    pub(crate) swept: Swept,
    /// When the database was last used before it was opened.
    pub(crate) seen: Option<Millis>,
}

/// Up to which ids a round of retention has looked; `i64::MAX` when it is through.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Swept {
    pub(crate) events: i64,
    pub(crate) exchanges: i64,
    /// How many rows of a kind the next call looks at: fewer after a portion did not fit on the disk.
    pub(crate) portion: u32,
}

impl Swept {
    /// How many rows of a kind one call looks at: some ten milliseconds of the writer's time.
    pub(crate) const PORTION: u32 = 1000;
}

impl Default for Swept {
    fn default() -> Self {
        Self { events: 0, exchanges: 0, portion: Self::PORTION }
    }
}

impl State {
    /// What the database says; also after a transaction was undone.
    pub(crate) fn load(conn: &Connection) -> rusqlite::Result<Self> {
        let sql = "SELECT id FROM hooks WHERE ordered = 1 AND gone_after IS NULL";
        let ordered = conn.prepare_cached(sql)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(Self { account: account::load(conn)?, ordered, swept: Swept::default(), seen: None })
    }
}

/// An open transaction.
#[derive(Debug)]
pub(crate) struct Txn<'a> {
    /// The connection it is open on.
    pub(crate) conn: &'a Connection,
    /// What changes along with it.
    pub(crate) state: &'a mut State,
    /// Seals secrets.
    pub(crate) sealer: &'a Sealer,
}

impl Txn<'_> {
    /// Runs a held statement, giving how many rows it changed.
    pub(crate) fn run(&self, sql: &str, params: impl Params) -> rusqlite::Result<usize> {
        self.conn.prepare_cached(sql)?.execute(params)
    }

    /// The first row of a held statement.
    pub(crate) fn first<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Option<T>> {
        self.conn.prepare_cached(sql)?.query_row(params, read).optional()
    }

    /// All rows of a held statement.
    pub(crate) fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Vec<T>> {
        self.conn.prepare_cached(sql)?.query_map(params, read)?.collect()
    }
}
