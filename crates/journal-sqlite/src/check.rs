//! Checks an opened database: its tables are those of its version, and its pages are sound.

use crate::error::OpenError;
use crate::migrate;
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::path::Path;

/// The largest size that is checked before the server starts: a few hundredths of a second.
const QUICK: u64 = 16 << 20;

type Schema = BTreeMap<(String, String), Option<String>>;

fn schema(conn: &Connection) -> rusqlite::Result<Schema> {
    let mut select = conn.prepare("SELECT type, name, sql FROM sqlite_schema")?;
    let rows = select.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?;
    rows.collect()
}

/// Compares the tables and indexes with those of the migrations. Additional ones are ignored.
pub(crate) fn tables(conn: &Connection, path: &Path) -> Result<(), OpenError> {
    let failed = |error: rusqlite::Error| OpenError::judge(path, &error);
    let fresh = Connection::open_in_memory().map_err(failed)?;
    migrate::migrate(&fresh).map_err(failed)?;
    let (wanted, found) = (schema(&fresh).map_err(failed)?, schema(conn).map_err(failed)?);
    for (what, sql) in &wanted {
        let (kind, name) = what;
        let problem = match found.get(what) {
            Some(found) if found == sql => continue,
            Some(_) => "is not as this version made it",
            None => "is missing",
        };
        return Err(OpenError::Damaged {
            path: path.to_owned(),
            what: format!("the {kind} `{name}` {problem}"),
        });
    }
    Ok(())
}

/// Returns true if a file of this size is checked before the server starts.
pub(crate) const fn is_small(size: u64) -> bool {
    size <= QUICK
}

/// Checks that the pages are sound, and returns what is not.
pub(crate) fn pages(conn: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut check = conn.prepare("PRAGMA quick_check(3)")?;
    let found: Vec<String> = check.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(found.into_iter().filter(|line| line != "ok").collect())
}
