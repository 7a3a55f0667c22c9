//! Carrying the log over into the database.

use crate::column::number;
use crate::fault::Trouble;
use crate::room::Room;
use rusqlite::Connection;

/// Carries the log over into the database, so that it begins anew in the room it has. Asked for by ourselves, after the
/// answers: the automatic one runs before them and keeps its errors to itself. Gives whether there was no room for it.
pub(crate) fn checkpoint(conn: &Connection, room: &Room) -> Result<bool, String> {
    match carry_over(conn, room).map_err(|error| Trouble::of(&error, || room.is_refused())) {
        Ok(done) => Ok(!done),
        Err(Trouble::Busy(_)) => Ok(false),
        Err(Trouble::Full) => Ok(true),
        Err(Trouble::Own(error)) => Err(error.to_string()),
        Err(Trouble::Broken(reason)) => Err(reason),
    }
}

/// Gives whether it was tried: on a full disk only when the database has room to grow as much as it must.
pub(crate) fn carry_over(conn: &Connection, room: &Room) -> rusqlite::Result<bool> {
    let one = |sql: &str| conn.prepare_cached(sql)?.query_row([], |row| row.get::<_, i64>(0));
    if room.is_full() {
        let size = one("PRAGMA page_count")?.saturating_mul(one("PRAGMA page_size")?);
        if !room.lets_grow_to(number(size)) {
            return Ok(false);
        }
    }
    one("PRAGMA wal_checkpoint(PASSIVE)").map(|_| true)
}
