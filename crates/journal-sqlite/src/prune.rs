//! Retention: deletes what is too old, a bounded portion at each call.

use crate::audit;
use crate::column::{DEAD, PENDING, count, key, number};
use crate::failure::CommandResult;
use crate::id_floor;
use crate::jobs;
use crate::traffic;
use crate::txn::{Swept, Txn};
use footbridge_journal::PruneLimits;
use footbridge_model::id::nth;
use footbridge_model::time::Millis;
use rusqlite::params;

/// The number of pages that one call gives back to the file system, and the number that stays for new data: at least
/// so many, and at least this part of all.
const GIVEN_BACK: u32 = 128;
const SPARE: i64 = 256;
const SPARE_PART: i64 = 16;

/// How long after its deletion a hook may still be named by an append: far longer than a snapshot of the hooks lives.
/// In ids, whose upper bits are time.
const LATE: i64 = 3_600_000 << 22;

/// Deletes a portion, and returns true if there is more. The calls up to one that returns false are a round, in which
/// each event and exchange is looked at once. Those that must stay are skipped until the next round, so that they
/// cannot hold retention up.
pub(crate) fn prune(txn: &mut Txn<'_>, limits: PruneLimits) -> CommandResult<bool> {
    id_floor::store(txn, limits.now)?;
    let events = sweep_events(txn, limits)?;
    let exchanges = sweep_exchanges(txn, limits)?;
    let answers = forget_answers(txn, limits.now)?;
    let keys = delete_keys(txn, limits.now)?;
    let traffic = traffic::prune(txn, limits.now)?;
    let audit = audit::prune(txn, limits.audit_before)?;
    let jobs = jobs::prune(txn, limits.ended_before)?;
    delete_hooks(txn)?;
    let swept = &mut txn.state.swept;
    swept.portion = (swept.portion * 2).min(Swept::PORTION);
    if events || exchanges || answers || keys || traffic || audit || jobs || give_back(txn)? {
        return Ok(true);
    }
    txn.state.swept = Swept::default();
    Ok(false)
}

/// Gives some unused pages back to the file system, and returns true if there are more. The file itself shrinks with
/// the next checkpoint.
fn give_back(txn: &Txn<'_>) -> CommandResult<bool> {
    let one = |sql: &str| txn.first(sql, [], |row| row.get::<_, i64>(0)).map(Option::unwrap_or_default);
    let (free, pages) = (one("PRAGMA freelist_count")?, one("PRAGMA page_count")?);
    let spare = SPARE + pages / SPARE_PART;
    if free <= spare || one("PRAGMA auto_vacuum")? != INCREMENTAL {
        return Ok(false);
    }
    // It gives a row for each page.
    txn.all(&format!("PRAGMA incremental_vacuum({GIVEN_BACK})"), [], |_| Ok(()))?;
    Ok(free - i64::from(GIVEN_BACK) > spare)
}

/// The value of `PRAGMA auto_vacuum` for a database that can shrink step by step.
const INCREMENTAL: i64 = 2;

/// Returns true if so many rows are a whole portion, so that more may follow.
fn fills(txn: &Txn<'_>, rows: usize) -> bool {
    count(rows) >= u64::from(txn.state.swept.portion)
}

/// Looks at the next events in the order of their ids.
fn sweep_events(txn: &mut Txn<'_>, limits: PruneLimits) -> CommandResult<bool> {
    let sql = "SELECT id, time, deliveries FROM events WHERE id > ?1 ORDER BY id LIMIT ?2";
    let events = txn.all(sql, params![txn.state.swept.events, txn.state.swept.portion], |row| {
        Ok((row.get::<_, i64>(0)?, Millis(row.get(1)?), row.get::<_, i64>(2)?))
    })?;
    let (more, mut rows) = (fills(txn, events.len()), 0);
    for (id, time, deliveries) in events {
        if time >= limits.ended_before {
            txn.state.swept.events = i64::MAX;
            return Ok(false);
        }
        if fills(txn, rows) {
            return Ok(true);
        }
        txn.state.swept.events = id;
        if may_go(txn, id, deliveries, time < limits.dead_before)? {
            let sql = "DELETE FROM deliveries WHERE id > ?1 AND id <= ?2 AND event_id = ?1";
            rows += txn.run(sql, [id, last_delivery(id, deliveries)])?;
            rows += delete_replays(txn, id)?;
            rows += txn.run("DELETE FROM events WHERE id = ?1", [id])?;
        }
    }
    if !more {
        txn.state.swept.events = i64::MAX;
    }
    Ok(more)
}

fn may_go(txn: &Txn<'_>, event: i64, deliveries: i64, dead_too: bool) -> CommandResult<bool> {
    let sql = "SELECT 1 FROM deliveries WHERE id > ?1 AND id <= ?2 AND event_id = ?1
                   AND (status = ?3 OR (status = ?4 AND NOT ?5)) LIMIT 1";
    let last = last_delivery(event, deliveries);
    if txn.first(sql, params![event, last, PENDING, DEAD, dead_too], |_| Ok(()))?.is_some() {
        return Ok(false);
    }
    let sql = "SELECT 1 FROM replays r CROSS JOIN deliveries d ON d.id = r.id
               WHERE r.event_id = ?1 AND (d.status = ?2 OR (d.status = ?3 AND NOT ?4)) LIMIT 1";
    Ok(txn.first(sql, params![event, PENDING, DEAD, dead_too], |_| Ok(()))?.is_none())
}

/// The id of the last of an event's deliveries.
fn last_delivery(event: i64, deliveries: i64) -> i64 {
    key(nth(number(event), number(deliveries)))
}

fn delete_replays(txn: &Txn<'_>, event: i64) -> CommandResult<usize> {
    let sql = "DELETE FROM deliveries WHERE id IN (SELECT id FROM replays WHERE event_id = ?1)";
    let deleted = txn.run(sql, [event])?;
    txn.run("DELETE FROM replays WHERE event_id = ?1", [event])?;
    Ok(deleted)
}

/// Looks at the next exchanges in the order of their ids.
fn sweep_exchanges(txn: &mut Txn<'_>, limits: PruneLimits) -> CommandResult<bool> {
    let sql = "SELECT id, at, state != 0 AND coalesce(answer_until <= ?3, 1)
               FROM exchanges WHERE id > ?1 ORDER BY id LIMIT ?2";
    let next =
        txn.all(sql, params![txn.state.swept.exchanges, txn.state.swept.portion, limits.now.0], |row| {
            Ok((row.get::<_, i64>(0)?, Millis(row.get(1)?), row.get::<_, bool>(2)?))
        })?;
    let mut more = fills(txn, next.len());
    for (id, at, may_go) in next {
        if at >= limits.ended_before {
            more = false;
            break;
        }
        txn.state.swept.exchanges = id;
        if may_go {
            txn.run("DELETE FROM exchanges WHERE id = ?1", [id])?;
        }
    }
    if !more {
        txn.state.swept.exchanges = i64::MAX;
    }
    Ok(more)
}

fn forget_answers(txn: &Txn<'_>, now: Millis) -> CommandResult<bool> {
    let sql = "UPDATE exchanges SET answer = NULL, answer_until = NULL
               WHERE id IN (SELECT id FROM exchanges WHERE answer_until <= ?1 ORDER BY answer_until LIMIT ?2)";
    Ok(fills(txn, txn.run(sql, params![now.0, txn.state.swept.portion])?))
}

fn delete_keys(txn: &Txn<'_>, now: Millis) -> CommandResult<bool> {
    let sql = "DELETE FROM keys
               WHERE (scope, key) IN (SELECT scope, key FROM keys WHERE until <= ?1 ORDER BY until LIMIT ?2)";
    Ok(fills(txn, txn.run(sql, params![now.0, txn.state.swept.portion])?))
}

/// Deletes deleted hooks that no delivery names any more: their deliveries were made before the oldest one left.
fn delete_hooks(txn: &Txn<'_>) -> CommandResult<()> {
    let sql = "DELETE FROM hooks WHERE gone_after + ?1 < coalesce((SELECT min(id) FROM deliveries), 9223372036854775807)";
    txn.run(sql, [LATE])?;
    Ok(())
}
