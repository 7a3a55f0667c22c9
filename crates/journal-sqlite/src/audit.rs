//! Rows of the audit log: who changed what.

use crate::column::{key, number};
use crate::failure::{CommandError, CommandResult};
use crate::txn::Txn;
use footbridge_journal::{AuditFilter, FoundAudit, Page};
use footbridge_model::audit::{Actor, ActorKind, AuditEntry, AuditObject};
use footbridge_model::id::{AuditId, number_at};
use footbridge_model::time::Millis;
use rusqlite::{Connection, Row, params};

/// The bytes that an entry writes, roughly.
pub(crate) const ENTRY: usize = 1024;
/// The most entries that one search reads: some ten milliseconds of the reader's time.
const LOOK: u32 = 20_000;

/// Stores entries in the open transaction.
pub(crate) fn insert(txn: &Txn<'_>, entries: &[AuditEntry]) -> CommandResult<()> {
    let sql =
        "INSERT INTO audit (id, who_kind, who, address, action, object_kind, object, before, after, note)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    for AuditEntry { id, who, action, object, before, after, note } in entries {
        let Actor { kind, name, address } = who;
        let address = address.map(|address| address.to_string());
        let id = key(id.number());
        let kind = kind.as_str();
        txn.run(sql, params![id, kind, name, address, action, object.kind, object.id, before, after, note])?;
    }
    Ok(())
}

/// Returns entries, newest first.
pub(crate) fn find(conn: &Connection, filter: &AuditFilter, page: Page) -> CommandResult<FoundAudit> {
    let (first, last) = range(filter, page);
    let sql = "SELECT id, who_kind, who, address, action, object_kind, object, before, after, note FROM audit
               WHERE id >= ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3";
    let mut select = conn.prepare_cached(sql)?;
    let mut rows = select.query(params![first, last, LOOK])?;
    let mut found = FoundAudit::default();
    let most = usize::try_from(page.limit).unwrap_or(usize::MAX);
    while let Some(row) = rows.next()? {
        found.looked += 1;
        let entry = entry(row)?;
        let id = entry.id.number();
        if filter.picks(&entry) {
            found.entries.push(entry);
            if found.entries.len() >= most {
                return Ok(found);
            }
        }
        if found.looked >= u64::from(LOOK) {
            found.stopped_at = Some(id);
        }
    }
    Ok(found)
}

/// The first key, and the one after the last.
fn range(filter: &AuditFilter, page: Page) -> (i64, i64) {
    let before = page.before.map_or(i64::MAX, key);
    let until = filter.until.map_or(i64::MAX, |until| key(number_at(until)));
    (filter.since.map_or(0, |since| key(number_at(since))), before.min(until))
}

fn entry(row: &Row<'_>) -> CommandResult<AuditEntry> {
    let kind: ActorKind = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?.parse().map_err(|_| {
        CommandError::damaged("an entry of the audit log names an unknown kind of actor".to_owned())
    })?;
    let address: Option<String> = row.get(3)?;
    Ok(AuditEntry {
        id: AuditId::from_number(number(row.get(0)?)),
        who: Actor { kind, name: row.get(2)?, address: address.and_then(|text| text.parse().ok()) },
        action: row.get(4)?,
        object: AuditObject { kind: row.get(5)?, id: row.get(6)? },
        before: row.get(7)?,
        after: row.get(8)?,
        note: row.get(9)?,
    })
}

/// Deletes a portion of the entries from before a time, and returns true if there may be more.
pub(crate) fn prune(txn: &Txn<'_>, before: Millis) -> CommandResult<bool> {
    let sql = "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE id < ?1 ORDER BY id LIMIT ?2)";
    let portion = txn.state.swept.portion;
    let gone = txn.run(sql, params![key(number_at(before)), portion])?;
    Ok(crate::column::count(gone) >= u64::from(portion))
}
