//! Deliveries: their results, and those that are due.

use crate::checksum;
use crate::column::{CANCELLED, PENDING, count, key, number, status, status_code};
use crate::events;
use crate::failure::{CommandError, CommandResult};
use crate::hook_row;
use crate::txn::Txn;
use footbridge_journal::{
    Claim, DeliveredEvent, DeliveryResult, DeliveryView, NewEvent, Partition, PendingDelivery, Recorded,
};
use footbridge_model::delivery::{Attempt, Delivery, DeliveryStatus};
use footbridge_model::id::{DeliveryId, EventId, HookId};
use footbridge_model::name::{AppName, EventName};
use footbridge_model::time::Millis;
use rusqlite::{Connection, Row, params};

/// Stores results, and returns the partitions of those whose claims are of another session.
pub(crate) fn record(txn: &mut Txn<'_>, results: &[DeliveryResult]) -> CommandResult<Vec<Partition>> {
    let mut lost = Vec::new();
    for result in results {
        if result.claim.session == txn.state.session {
            record_one(txn, result)?;
        } else if !lost.contains(&result.claim.partition) {
            lost.push(result.claim.partition);
        }
    }
    Ok(lost)
}

/// Stores one result. Returns false if its delivery is no longer pending, or the attempt is stored already.
fn record_one(txn: &mut Txn<'_>, result: &DeliveryResult) -> CommandResult<bool> {
    let changed = match &result.attempt {
        Some(attempt) => record_attempt(txn, result, attempt)?,
        None => record_end(txn, result)?,
    };
    if changed > 0 {
        txn.state.account.pending -= 1;
        *txn.state.account.count_mut(result.status) += 1;
    }
    Ok(changed > 0)
}

/// Stores a result with the events that the attempt published, or nothing of it.
pub(crate) fn record_and_append(
    txn: &mut Txn<'_>,
    result: &DeliveryResult,
    published: &[NewEvent],
) -> CommandResult<Recorded> {
    if result.claim.session != txn.state.session {
        return Ok(Recorded::PartitionLost);
    }
    if !record_one(txn, result)? {
        return Ok(Recorded::NotPending);
    }
    for new in published {
        events::append(txn, new)?;
    }
    Ok(Recorded::Stored)
}

fn record_attempt(txn: &Txn<'_>, result: &DeliveryResult, attempt: &Attempt) -> CommandResult<usize> {
    let Attempt { n, at, status, error, ms, output, answer } = attempt;
    // Numbers and strings always serialise.
    let entry = match (output, answer) {
        (None, None) => serde_json::to_string(&(n, at.0, status, error, ms)),
        (Some(output), None) => serde_json::to_string(&(n, at.0, status, error, ms, output)),
        (output, Some(answer)) => serde_json::to_string(&(n, at.0, status, error, ms, output, answer)),
    };
    let entry = entry.unwrap_or_default();
    let sql = "UPDATE deliveries SET status = ?2, attempts = ?3, next_at = iif(?2 = 0, coalesce(?4, next_at), NULL),
                   last_status = coalesce(?5, last_status), last_error = ?6, last_ms = ?8,
                   attempt_log = coalesce(attempt_log || ',', '') || ?7
               WHERE id = ?1 AND status = 0 AND attempts < ?3";
    Ok(txn.run(
        sql,
        params![
            key(result.id.number()),
            status_code(result.status),
            n,
            result.next_attempt_at.map(|at| at.0),
            attempt.status,
            result.reason.as_ref().or(attempt.error.as_ref()),
            entry,
            ms,
        ],
    )?)
}

fn record_end(txn: &Txn<'_>, result: &DeliveryResult) -> CommandResult<usize> {
    let sql = "UPDATE deliveries SET status = ?2, next_at = iif(?2 = 0, coalesce(?3, next_at), NULL),
                   last_error = coalesce(?4, last_error)
               WHERE id = ?1 AND status = 0";
    let next_at = result.next_attempt_at.map(|at| at.0);
    Ok(txn.run(sql, params![key(result.id.number()), status_code(result.status), next_at, result.reason])?)
}

const DUE: &str = "SELECT id, event_id, attempts, attempts_base, next_at, hook_id, sum FROM deliveries";

/// Returns the pending deliveries of a hook that are due first. Deliveries whose row is damaged become dead instead:
/// neither their event nor their hook is known.
pub(crate) fn due(
    txn: &mut Txn<'_>,
    hook: HookId,
    ordered: bool,
    limit: u32,
) -> CommandResult<Vec<PendingDelivery>> {
    let hook = key(hook.number());
    let rest = match (ordered, txn.state.ordered.contains(&hook)) {
        (false, _) => {
            "INDEXED BY deliveries_due WHERE hook_id = ?1 AND status = 0 ORDER BY next_at, id LIMIT ?2"
        }
        (true, true) => {
            "INDEXED BY deliveries_in_order
             WHERE hook_id = ?1 AND status = 0 AND ordered = 1 ORDER BY id LIMIT ?2"
        }
        // The hook is not kept as ordered: right all the same, at the cost of sorting its backlog.
        (true, false) => "INDEXED BY deliveries_due WHERE hook_id = ?1 AND status = 0 ORDER BY id LIMIT ?2",
    };
    let found = txn.all(&format!("{DUE} {rest}"), params![hook, limit], |row| {
        let (id, event): (i64, i64) = (row.get(0)?, row.get(1)?);
        let sound = checksum::of_delivery(id, event, row.get(5)?)
            .check(row.get(6)?, || format!("the delivery {id}"))
            .is_ok();
        let due = PendingDelivery {
            id: DeliveryId::from_number(number(id)),
            event_id: EventId::from_number(number(event)),
            attempts: row.get(2)?,
            attempts_base: row.get(3)?,
            at: Millis(row.get(4)?),
        };
        Ok((due, sound))
    })?;
    let (sound, damaged): (Vec<_>, Vec<_>) = found.into_iter().partition(|(_, sound)| *sound);
    for (due, _) in damaged {
        give_up(txn, due.id)?;
    }
    Ok(sound.into_iter().map(|(due, _)| due).collect())
}

fn give_up(txn: &mut Txn<'_>, id: DeliveryId) -> CommandResult<()> {
    let reason = "damaged: its row does not match its checksum; nothing was sent";
    tracing::error!(delivery = %id, reason, "a delivery is dead");
    let (status, reason) = (DeliveryStatus::Dead, Some(reason.to_owned()));
    let claim = Claim::exclusive(txn.state.session, Partition::default());
    record_one(txn, &DeliveryResult { claim, id, attempt: None, status, next_attempt_at: None, reason })
        .map(drop)
}

/// Cancels all pending deliveries of a hook.
pub(crate) fn cancel(txn: &mut Txn<'_>, hook: HookId, reason: &str) -> CommandResult<u64> {
    let sql = "UPDATE deliveries INDEXED BY deliveries_due SET status = ?3, next_at = NULL, last_error = ?2
               WHERE hook_id = ?1 AND status = 0";
    let cancelled = count(txn.run(sql, params![key(hook.number()), reason, CANCELLED])?);
    txn.state.account.pending -= cancelled;
    txn.state.account.cancelled += cancelled;
    Ok(cancelled)
}

fn columns() -> String {
    let hook = hook_row::COLUMNS;
    format!(
        "d.id, d.event_id, d.hook_id, d.status, d.attempts, d.next_at, d.last_status, d.last_error, d.last_ms,
         e.name, e.publisher, e.test, {hook}"
    )
}

const FROM: &str = "FROM deliveries d JOIN hooks h ON h.id = d.hook_id LEFT JOIN events e ON e.id = d.event_id WHERE d.id = ?1";
const HOOK_AT: usize = 12;

fn view(row: &Row<'_>) -> CommandResult<DeliveryView> {
    let status = status(row.get(3)?)?;
    let next: Option<i64> = row.get(5)?;
    let delivery = Delivery {
        id: DeliveryId::from_number(number(row.get(0)?)),
        event_id: EventId::from_number(number(row.get(1)?)),
        hook_id: HookId::from_number(number(row.get(2)?)),
        status,
        attempts: row.get(4)?,
        next_attempt_at: next.filter(|_| status == DeliveryStatus::Pending).map(Millis),
        last_status: row.get(6)?,
        last_error: row.get(7)?,
    };
    let name: Option<String> = row.get(9)?;
    let event = match name {
        None => None,
        Some(name) => Some(DeliveredEvent {
            name: EventName::trusted(&name),
            publisher: AppName::trusted(&row.get::<_, String>(10)?),
            test: row.get::<_, Option<bool>>(11)?.unwrap_or_default(),
        }),
    };
    let hook = hook_row::read(row, HOOK_AT)?;
    Ok(DeliveryView { delivery, hook, event, last_ms: row.get(8)?, attempts: Vec::new() })
}

/// Reads one delivery with its attempts.
pub(crate) fn one(conn: &Connection, id: DeliveryId) -> CommandResult<Option<DeliveryView>> {
    let mut select = conn.prepare_cached(&format!("SELECT {}, d.attempt_log {FROM}", columns()))?;
    let mut rows = select.query([key(id.number())])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let mut found = view(row)?;
    let log: Option<String> = row.get("attempt_log")?;
    found.attempts = attempts(&log.unwrap_or_default())?;
    // Older rows have it in the log only.
    found.last_ms = found.last_ms.or_else(|| found.attempts.last().map(|attempt| attempt.ms));
    Ok(Some(found))
}

fn attempts(log: &str) -> CommandResult<Vec<Attempt>> {
    #[derive(serde::Deserialize)]
    struct Entry(
        u32,
        i64,
        Option<u16>,
        Option<String>,
        u32,
        #[serde(default)] Option<String>,
        #[serde(default)] Option<String>,
    );
    let entries: Vec<Entry> = serde_json::from_str(&format!("[{log}]"))
        .map_err(|_| CommandError::damaged("the attempts of a delivery are not readable"))?;
    let attempt = |Entry(n, at, status, error, ms, output, answer)| {
        let at = Millis(at);
        Attempt { n, at, status, error, ms, output, answer }
    };
    Ok(entries.into_iter().map(attempt).collect())
}

/// Reads one delivery as lists show it.
pub(crate) fn listed(conn: &Connection, id: DeliveryId) -> CommandResult<Option<DeliveryView>> {
    let mut select = conn.prepare_cached(&format!("SELECT {} {FROM}", columns()))?;
    let mut rows = select.query([key(id.number())])?;
    rows.next()?.map(view).transpose()
}

const _: () = assert!(PENDING == 0, "statements name the pending ones as 0, for the partial indexes");
