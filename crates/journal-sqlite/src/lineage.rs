//! Lineages of events, and what is pending of each app's events.

use crate::column::{key, number};
use crate::failure::CommandResult;
use footbridge_journal::Backlog;
use footbridge_model::id::EventId;
use footbridge_model::lineage::Lineage;
use footbridge_model::name::AppName;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

/// The columns that [`read`] needs.
pub(crate) const COLUMNS: &str = "depth, cause, root";

/// Reads a lineage from [`COLUMNS`], whose first is column `from`.
pub(crate) fn read(row: &Row<'_>, from: usize) -> rusqlite::Result<Lineage> {
    let id = |place| {
        let found: Option<i64> = row.get(from + place)?;
        Ok::<_, rusqlite::Error>(found.map(|found| EventId::from_number(number(found))))
    };
    Ok(Lineage { depth: row.get(from)?, cause: id(1)?, root: id(2)? })
}

/// Reads the lineage of an event that this app published or got.
pub(crate) fn of(conn: &Connection, id: EventId, app: &AppName) -> CommandResult<Option<Lineage>> {
    let sql = "SELECT depth, cause, root FROM events e
               WHERE id = ?1 AND (publisher = ?2 COLLATE NOCASE OR EXISTS (
                   SELECT 1 FROM deliveries d CROSS JOIN hooks h ON h.id = d.hook_id
                   WHERE d.id > e.id AND d.id <= e.id + e.deliveries AND h.app = ?2 COLLATE NOCASE))";
    let mut select = conn.prepare_cached(sql)?;
    Ok(select.query_row(params![key(id.number()), app.key()], |row| read(row, 0)).optional()?)
}

/// Counts what is pending, by publisher.
pub(crate) fn backlogs(conn: &Connection) -> CommandResult<Vec<(AppName, Backlog)>> {
    let sql = "SELECT e.publisher, sum(waiting.count), sum(length(e.body)) FROM (
                   SELECT event_id, count(*) AS count FROM deliveries INDEXED BY deliveries_due
                   WHERE status = 0 GROUP BY event_id) AS waiting
               CROSS JOIN events e ON e.id = waiting.event_id GROUP BY e.publisher";
    let mut select = conn.prepare_cached(sql)?;
    let mut rows = select.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let publisher = AppName::trusted(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?);
        found.push((publisher, Backlog { deliveries: number(row.get(1)?), bytes: number(row.get(2)?) }));
    }
    Ok(found)
}
