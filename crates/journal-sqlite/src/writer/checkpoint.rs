//! Checkpoints: moving the write-ahead log into the database.

use crate::column::number;
use crate::failure::FailureKind;
use crate::room::Room;
use rusqlite::Connection;

/// Moves the log into the database, so that the log starts again in the room it has. The writer calls this after it
/// has answered: SQLite's automatic checkpoint runs before the answers and hides its errors. Returns true if there
/// was no room.
pub(crate) fn checkpoint(conn: &Connection, room: &Room) -> Result<bool, String> {
    match carry_over(conn, room).map_err(|error| FailureKind::of(&error, || room.is_refused())) {
        Ok(done) => Ok(!done),
        Err(FailureKind::Busy(_)) => Ok(false),
        Err(FailureKind::Full) => Ok(true),
        Err(FailureKind::Own(error)) => Err(error.to_string()),
        Err(FailureKind::Broken(reason)) => Err(reason),
    }
}

/// Returns true if the checkpoint was tried: on a full disk only when the database has room to grow as much as it
/// must.
pub(crate) fn carry_over(conn: &Connection, room: &Room) -> rusqlite::Result<bool> {
    let one = |sql: &str| conn.prepare_cached(sql)?.query_row([], |row| row.get::<_, i64>(0));
    if room.is_full() {
        let size = one("PRAGMA page_count")?.saturating_mul(one("PRAGMA page_size")?);
        if !room.can_grow_to(number(size)) {
            return Ok(false);
        }
    }
    one("PRAGMA wal_checkpoint(PASSIVE)").map(|_| true)
}
