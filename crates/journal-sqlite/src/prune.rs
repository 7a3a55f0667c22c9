//! Retention: what is older than its time goes, a bounded portion at each call.

use crate::column::{DEAD, PENDING, count};
use crate::fault::Step;
use crate::mark;
use crate::txn::{Swept, Txn};
use footbridge_model::time::Millis;
use rusqlite::params;

/// How many pages one call gives back to the file system, and how many stay for what is written next: so many, and a
/// part of all.
const GIVEN_BACK: u32 = 128;
const SPARE: i64 = 256;
const SPARE_PART: i64 = 16;

/// How long after a hook went an append may still name it: far longer than a snapshot of the hooks
/// lives. In ids, which are time in their upper bits.
const LATE: i64 = 3_600_000 << 22;

/// From when on things are too old.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) ended_before: Millis,
    pub(crate) dead_before: Millis,
    pub(crate) now: Millis,
}

/// Deletes a portion, giving whether there is more. Calls up to one that gives no are a round, in which
/// each event and exchange is looked at once; those that must stay are passed over until the next, so
/// that they cannot hold retention up.
pub(crate) fn prune(txn: &mut Txn<'_>, limits: Limits) -> Step<bool> {
    mark::keep(txn, limits.now)?;
    let events = sweep_events(txn, limits)?;
    let exchanges = sweep_exchanges(txn, limits)?;
    let answers = forget_answers(txn, limits.now)?;
    let keys = delete_keys(txn, limits.now)?;
    delete_hooks(txn)?;
    let swept = &mut txn.state.swept;
    swept.portion = (swept.portion * 2).min(Swept::PORTION);
    if events || exchanges || answers || keys || give_back(txn)? {
        return Ok(true);
    }
    txn.state.swept = Swept::default();
    Ok(false)
}

/// Gives some pages that are not used back to the file system, giving whether there are more. The file itself shrinks
/// with the next checkpoint.
fn give_back(txn: &Txn<'_>) -> Step<bool> {
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

/// What `PRAGMA auto_vacuum` says of a database that can be made smaller step by step.
const INCREMENTAL: i64 = 2;

/// Whether so many rows are a whole portion, so that more may follow.
fn fills(txn: &Txn<'_>, rows: usize) -> bool {
    count(rows) >= u64::from(txn.state.swept.portion)
}

/// Looks at the next events in the order of their ids.
fn sweep_events(txn: &mut Txn<'_>, limits: Limits) -> Step<bool> {
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
            rows += txn.run("DELETE FROM deliveries WHERE id > ?1 AND id <= ?1 + ?2", [id, deliveries])?;
            rows += delete_replays(txn, id)?;
            rows += txn.run("DELETE FROM events WHERE id = ?1", [id])?;
        }
    }
    if !more {
        txn.state.swept.events = i64::MAX;
    }
    Ok(more)
}

fn may_go(txn: &Txn<'_>, event: i64, deliveries: i64, dead_too: bool) -> Step<bool> {
    let sql = "SELECT 1 FROM deliveries WHERE id > ?1 AND id <= ?1 + ?2 AND (status = ?3 OR (status = ?4 AND NOT ?5)) LIMIT 1";
    if txn.first(sql, params![event, deliveries, PENDING, DEAD, dead_too], |_| Ok(()))?.is_some() {
        return Ok(false);
    }
    let sql = "SELECT 1 FROM replays r CROSS JOIN deliveries d ON d.id = r.id
               WHERE r.event_id = ?1 AND (d.status = ?2 OR (d.status = ?3 AND NOT ?4)) LIMIT 1";
    Ok(txn.first(sql, params![event, PENDING, DEAD, dead_too], |_| Ok(()))?.is_none())
}

fn delete_replays(txn: &Txn<'_>, event: i64) -> Step<usize> {
    let sql = "DELETE FROM deliveries WHERE id IN (SELECT id FROM replays WHERE event_id = ?1)";
    let deleted = txn.run(sql, [event])?;
    txn.run("DELETE FROM replays WHERE event_id = ?1", [event])?;
    Ok(deleted)
}

/// Looks at the next exchanges in the order of their ids.
fn sweep_exchanges(txn: &mut Txn<'_>, limits: Limits) -> Step<bool> {
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

fn forget_answers(txn: &Txn<'_>, now: Millis) -> Step<bool> {
    let sql = "UPDATE exchanges SET answer = NULL, answer_until = NULL
               WHERE id IN (SELECT id FROM exchanges WHERE answer_until <= ?1 ORDER BY answer_until LIMIT ?2)";
    Ok(fills(txn, txn.run(sql, params![now.0, txn.state.swept.portion])?))
}

fn delete_keys(txn: &Txn<'_>, now: Millis) -> Step<bool> {
    let sql = "DELETE FROM keys
               WHERE (scope, key) IN (SELECT scope, key FROM keys WHERE until <= ?1 ORDER BY until LIMIT ?2)";
    Ok(fills(txn, txn.run(sql, params![now.0, txn.state.swept.portion])?))
}

/// Gone hooks that no delivery names any more: all that could were made before the oldest left.
fn delete_hooks(txn: &Txn<'_>) -> Step<()> {
    let sql = "DELETE FROM hooks WHERE gone_after + ?1 < coalesce((SELECT min(id) FROM deliveries), 9223372036854775807)";
    txn.run(sql, [LATE])?;
    Ok(())
}
