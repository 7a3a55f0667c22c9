//! Migrations of the schema, forward only. Each is one transaction.

use rusqlite::Connection;

/// The migrations. A released one is never changed.
const STEPS: [&str; 14] = [
    include_str!("../migrations/0001_first.sql"),
    include_str!("../migrations/0030_written_names.sql"),
    include_str!("../migrations/0040_replays.sql"),
    include_str!("../migrations/0070_lineage.sql"),
    include_str!("../migrations/0060_checksums.sql"),
    include_str!("../migrations/0090_statistics.sql"),
    include_str!("../migrations/0120_people.sql"),
    include_str!("../migrations/0130_hook_states.sql"),
    include_str!("../migrations/0100_audit.sql"),
    include_str!("../migrations/0080_provenance.sql"),
    include_str!("../migrations/0131_causes.sql"),
    include_str!("../migrations/0110_jobs.sql"),
    include_str!("../migrations/0115_views.sql"),
    include_str!("../migrations/0140_credentials.sql"),
];

/// Marks a database as one of this program: "Fbrg".
pub(crate) const APPLICATION_ID: i64 = 0x4662_7267;

/// The newest schema that this version knows.
pub(crate) fn newest() -> i64 {
    i64::try_from(STEPS.len()).unwrap_or(i64::MAX)
}

/// Returns the schema of the database; 0 when it has none.
pub(crate) fn current(conn: &Connection) -> rusqlite::Result<i64> {
    conn.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Runs the missing migrations.
pub(crate) fn migrate(conn: &Connection) -> rusqlite::Result<()> {
    let mut version = current(conn)?;
    for step in STEPS.iter().skip(usize::try_from(version).unwrap_or(0)) {
        version += 1;
        let whole = format!(
            "BEGIN IMMEDIATE; {step} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {version}; COMMIT;"
        );
        conn.execute_batch(&whole)?;
    }
    Ok(())
}
