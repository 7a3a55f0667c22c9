//! The row of the account.

use crate::column::{key, number};
use footbridge_journal::Account;
use rusqlite::{Connection, params};

/// Reads the account as it was last committed, or as the open transaction wrote it.
pub(crate) fn load(conn: &Connection) -> rusqlite::Result<Account> {
    let sql = "SELECT accepted, pending, delivered, unanswered, dead, cancelled FROM account WHERE one = 1";
    conn.prepare_cached(sql)?.query_row([], |row| {
        Ok(Account {
            accepted: number(row.get(0)?),
            pending: number(row.get(1)?),
            delivered: number(row.get(2)?),
            unanswered: number(row.get(3)?),
            dead: number(row.get(4)?),
            cancelled: number(row.get(5)?),
        })
    })
}

/// Writes the account into the open transaction.
pub(crate) fn store(conn: &Connection, account: &Account) -> rusqlite::Result<()> {
    let sql = "UPDATE account SET accepted = ?1, pending = ?2, delivered = ?3, unanswered = ?4, dead = ?5,
               cancelled = ?6 WHERE one = 1";
    conn.prepare_cached(sql)?.execute(params![
        key(account.accepted),
        key(account.pending),
        key(account.delivered),
        key(account.unanswered),
        key(account.dead),
        key(account.cancelled),
    ])?;
    Ok(())
}
