//! Retries and replays by hand.

use crate::checksum;
use crate::column::{key, number, status};
use crate::failure::{CommandError, CommandResult};
use crate::filter::{Condition, by_id, with_status};
use crate::hooks;
use crate::txn::Txn;
use footbridge_journal::{DeliveryFilter, FoundDeliveries, JournalError, PendingDelivery, Replay, Retried};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::id::{DeliveryId, EventId, HookId};
use footbridge_model::time::Millis;
use rusqlite::{Connection, params, params_from_iter};

/// The most deliveries that one search reads: some ten milliseconds of the reader's time.
const LOOK: u32 = 20_000;

/// The columns of a delivery that a retry depends on.
struct DeliveryRow {
    status: DeliveryStatus,
    hook: u64,
    event: u64,
    attempts: u32,
    base: u32,
}

fn row(txn: &Txn<'_>, id: DeliveryId) -> CommandResult<Option<DeliveryRow>> {
    let sql = "SELECT status, hook_id, event_id, attempts, attempts_base FROM deliveries WHERE id = ?1";
    let found = txn.first(sql, [key(id.number())], |row| {
        Ok((row.get(0)?, number(row.get(1)?), number(row.get(2)?), row.get(3)?, row.get(4)?))
    })?;
    let Some((code, hook, event, attempts, base)) = found else { return Ok(None) };
    Ok(Some(DeliveryRow { status: status(code)?, hook, event, attempts, base }))
}

/// Makes one delivery due now, if its hook is not deleted.
pub(crate) fn one(txn: &mut Txn<'_>, id: DeliveryId, now: Millis) -> CommandResult<Retried> {
    match row(txn, id)? {
        Some(row) => again(txn, id, &row, now),
        None => Err(CommandError::Refused(JournalError::NotFound("delivery"))),
    }
}

/// Makes those of these deliveries due now whose status is `from`.
pub(crate) fn many(
    txn: &mut Txn<'_>,
    ids: &[DeliveryId],
    from: DeliveryStatus,
    now: Millis,
) -> CommandResult<Vec<(DeliveryId, HookId)>> {
    let mut done = Vec::with_capacity(ids.len());
    for id in ids {
        let Some(row) = row(txn, *id)?.filter(|row| row.status == from) else { continue };
        if let Retried::Pending { hook_id, .. } = again(txn, *id, &row, now)? {
            done.push((*id, hook_id));
        }
    }
    Ok(done)
}

fn again(txn: &mut Txn<'_>, id: DeliveryId, row: &DeliveryRow, now: Millis) -> CommandResult<Retried> {
    let hook_id = HookId::from_number(row.hook);
    if matches!(row.status, DeliveryStatus::Delivered | DeliveryStatus::Unanswered)
        || !hooks::is_kept(txn, hook_id)?
    {
        return Ok(Retried::NotRetryable(row.status));
    }
    let base = if row.status == DeliveryStatus::Pending { row.base } else { row.attempts };
    let sql =
        "UPDATE deliveries SET status = 0, ordered = ?2, attempts_base = ?3, next_at = ?4 WHERE id = ?1";
    let ordered = txn.state.ordered.contains(&key(row.hook));
    txn.run(sql, params![key(id.number()), ordered, base, now.0])?;
    *txn.state.account.count_mut(row.status) -= 1;
    txn.state.account.pending += 1;
    let event_id = EventId::from_number(row.event);
    Ok(Retried::Pending {
        due: PendingDelivery { id, event_id, attempts: row.attempts, attempts_base: base, at: now },
        hook_id,
    })
}

/// Finds deliveries that match a filter and whose hook is not deleted. The search is bounded by what ids and partial
/// indexes decide, so that no search takes longer than another.
pub(crate) fn find_deliveries(
    conn: &Connection,
    filter: &DeliveryFilter,
    after: Option<DeliveryId>,
    limit: u32,
) -> CommandResult<FoundDeliveries> {
    let index = match (filter.status, filter.hook) {
        (Some(DeliveryStatus::Dead), Some(_)) => "INDEXED BY deliveries_dead",
        (Some(DeliveryStatus::Dead), None) => "INDEXED BY deliveries_dead_age",
        (Some(DeliveryStatus::Pending), _) => "INDEXED BY deliveries_due",
        _ => "",
    };
    let indexed = filter.status.filter(|_| !index.is_empty());
    let (inner, outer) = match indexed {
        Some(status) => {
            let hook =
                filter.hook.map_or("1".to_owned(), |hook| format!("d.hook_id = {}", key(hook.number())));
            (format!("{} AND {hook}", with_status(status)), "1".to_owned())
        }
        None => ("1".to_owned(), filter.status.map_or("1".to_owned(), with_status)),
    };
    let Condition { sql: columns, params } = Condition::by_columns(filter);
    let (ids, after) = (by_id(filter), after.map_or(0, |after| key(after.number())));
    let sql = format!(
        "SELECT d.id, {outer} AND {columns}
                AND EXISTS (SELECT 1 FROM hooks h WHERE h.id = d.hook_id AND h.gone_after IS NULL)
         FROM (SELECT d.id, d.event_id, d.hook_id, d.status, d.last_status FROM deliveries d {index}
               WHERE {inner} AND {ids} AND d.id > {after} ORDER BY d.id LIMIT {LOOK}) d ORDER BY d.id"
    );
    let mut select = conn.prepare(&sql)?;
    let mut rows = select.query(params_from_iter(params))?;
    let (mut picked, mut looked, mut last) = (FoundDeliveries::default(), 0, None);
    while let Some(row) = rows.next()? {
        looked += 1;
        let id = DeliveryId::from_number(number(row.get(0)?));
        last = Some(id);
        // A comparison with nothing is neither true nor false.
        if row.get::<_, Option<bool>>(1)?.unwrap_or(false) {
            picked.ids.push(id);
            if picked.ids.len() >= usize::try_from(limit).unwrap_or(usize::MAX) {
                picked.more_after = last;
                return Ok(picked);
            }
        }
    }
    picked.more_after = last.filter(|_| looked >= LOOK);
    Ok(picked)
}

/// Makes new deliveries of ended ones.
pub(crate) fn replay(
    txn: &mut Txn<'_>,
    replays: &[Replay],
    now: Millis,
) -> CommandResult<Vec<(DeliveryId, HookId)>> {
    let mut made = Vec::with_capacity(replays.len());
    for replay in replays {
        let ended = row(txn, replay.of)?.filter(|row| row.status != DeliveryStatus::Pending);
        let Some(row) = ended else { continue };
        let hook_id = HookId::from_number(row.hook);
        let event = key(row.event);
        let kept = txn.first("SELECT 1 FROM events WHERE id = ?1", [event], |_| Ok(()))?;
        if kept.is_none() || !hooks::is_kept(txn, hook_id)? {
            continue;
        }
        insert(txn, replay.id, EventId::from_number(row.event), hook_id, now)?;
        made.push((replay.id, hook_id));
    }
    Ok(made)
}

/// Stores a new delivery of an event that is stored already, to a hook that is not deleted.
pub(crate) fn insert(
    txn: &mut Txn<'_>,
    id: DeliveryId,
    event: EventId,
    hook: HookId,
    now: Millis,
) -> CommandResult<()> {
    let (id, event, hook) = (key(id.number()), key(event.number()), key(hook.number()));
    let ordered = txn.state.ordered.contains(&hook);
    let sum = checksum::of_delivery(id, event, hook).value();
    txn.run(
        "INSERT INTO deliveries (id, event_id, hook_id, status, ordered, attempts, attempts_base, next_at, sum)
         VALUES (?1, ?2, ?3, 0, ?4, 0, 0, ?5, ?6)",
        params![id, event, hook, ordered, now.0, sum],
    )?;
    txn.run("INSERT INTO replays (id, event_id) VALUES (?1, ?2)", [id, event])?;
    txn.state.account.accepted += 1;
    txn.state.account.pending += 1;
    Ok(())
}
