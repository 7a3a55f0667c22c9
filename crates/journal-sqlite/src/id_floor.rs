//! The highest id and the latest time that the database has seen, so that neither runs backwards.

use crate::column::{key, number};
use crate::failure::CommandResult;
use crate::txn::Txn;
use footbridge_model::id::{LAST_NUMBER, made_at};
use footbridge_model::time::Millis;
use rusqlite::{Connection, OptionalExtension as _, params};

/// Returns the highest number of any id, past or present. Ids above the last valid number, which a wrong clock made,
/// do not count.
pub(crate) fn highest_id(conn: &Connection) -> rusqlite::Result<u64> {
    let below = |table: &str| format!("coalesce((SELECT max(id) FROM {table} WHERE id <= ?1), 0)");
    let sql = format!(
        "SELECT max({}, {}, {}, {}, coalesce((SELECT min(value, ?1) FROM meta WHERE name = 'highest_id'), 0))",
        below("events"),
        below("deliveries"),
        below("hooks"),
        below("exchanges"),
    );
    conn.prepare_cached(&sql)?.query_row([key(LAST_NUMBER)], |row| row.get(0)).map(number)
}

/// Stores the highest number, before rows with it are deleted, and the current time.
pub(crate) fn store(txn: &Txn<'_>, now: Millis) -> CommandResult<()> {
    let highest = highest_id(txn.conn)?;
    let sql = "INSERT OR REPLACE INTO meta (name, value) VALUES ('highest_id', ?1), ('clock', ?2)";
    txn.run(sql, params![key(highest), now.0])?;
    Ok(())
}

/// Returns the time when the database was last used: the stored one, or that of the newest id.
pub(crate) fn seen(conn: &Connection) -> rusqlite::Result<Option<Millis>> {
    let sql = "SELECT value FROM meta WHERE name = 'clock'";
    let kept = conn.query_row(sql, [], |row| row.get(0)).optional()?;
    if let Some(kept) = kept {
        return Ok(Some(Millis(kept)));
    }
    let highest = highest_id(conn)?;
    Ok((highest > 0).then(|| made_at(highest)))
}
