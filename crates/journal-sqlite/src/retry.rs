//! Retries by hand: dead and cancelled deliveries become pending again.

use crate::column::{CANCELLED, DEAD, count, key, number, status, status_code};
use crate::fault::{Fault, Step};
use crate::filter::Picked;
use crate::hooks;
use crate::txn::Txn;
use footbridge_journal::{DeliveryFilter, Due, JournalError, Retried};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::id::{DeliveryId, EventId, HookId};
use footbridge_model::time::Millis;
use rusqlite::{Connection, params, params_from_iter};

/// Makes one delivery pending again, while its hook is kept.
pub(crate) fn one(txn: &mut Txn<'_>, id: DeliveryId, now: Millis) -> Step<Retried> {
    let sql = "SELECT status, hook_id, event_id, attempts FROM deliveries WHERE id = ?1";
    let found = txn.first(sql, [key(id.number())], |row| {
        Ok((row.get(0)?, number(row.get(1)?), number(row.get(2)?), row.get::<_, u32>(3)?))
    })?;
    let Some((code, hook, event, attempts)) = found else {
        return Err(Fault::Refused(JournalError::NotFound("delivery")));
    };
    let (status, hook_id) = (status(code)?, HookId::from_number(hook));
    let ended = matches!(status, DeliveryStatus::Dead | DeliveryStatus::Cancelled);
    if !ended || !hooks::is_kept(txn, hook_id)? {
        return Ok(Retried::Not(status));
    }
    revive(txn, id.number(), hook, now)?;
    *txn.state.account.of_mut(status) -= 1;
    txn.state.account.pending += 1;
    let event_id = EventId::from_number(event);
    Ok(Retried::Again { due: Due { id, event_id, attempts, attempts_base: attempts, at: now }, hook_id })
}

fn revive(txn: &Txn<'_>, id: u64, hook: u64, now: Millis) -> Step<()> {
    let sql = "UPDATE deliveries SET status = 0, ordered = ?2, attempts_base = attempts, next_at = ?3 WHERE id = ?1";
    let ordered = txn.state.ordered.contains(&key(hook));
    txn.run(sql, params![key(id), ordered, now.0])?;
    Ok(())
}

/// The dead deliveries that `filter` picks and whose hook is kept; `None` when it asks for others.
fn retryable(filter: &DeliveryFilter) -> Option<Picked> {
    if filter.status.is_some_and(|status| status != DeliveryStatus::Dead) {
        return None;
    }
    let mut picked = Picked::of(filter, Some(DeliveryStatus::Dead));
    picked.sql += " AND EXISTS (SELECT 1 FROM hooks h WHERE h.id = d.hook_id AND h.gone_after IS NULL)";
    Some(picked)
}

/// Makes dead deliveries pending again, in the order of ids, those above `after`.
pub(crate) fn dead(
    txn: &mut Txn<'_>,
    filter: &DeliveryFilter,
    after: Option<DeliveryId>,
    now: Millis,
    limit: u32,
) -> Step<Vec<(DeliveryId, HookId)>> {
    let Some(picked) = retryable(filter) else { return Ok(Vec::new()) };
    // Both indexes give the order of ids, so that no call looks at more than it changes.
    let index = if filter.hook.is_some() { "deliveries_dead" } else { "deliveries_dead_age" };
    let sql = format!(
        "SELECT d.id, d.hook_id FROM deliveries d INDEXED BY {index} WHERE {} AND d.id > {} ORDER BY d.id LIMIT {limit}",
        picked.sql,
        after.map_or(0, |after| key(after.number())),
    );
    let mut select = txn.conn.prepare(&sql)?;
    let rows = select
        .query_map(params_from_iter(picked.app), |row| Ok((number(row.get(0)?), number(row.get(1)?))))?;
    let found = rows.collect::<Result<Vec<_>, _>>()?;
    for (id, hook) in &found {
        revive(txn, *id, *hook, now)?;
    }
    txn.state.account.dead -= count(found.len());
    txn.state.account.pending += count(found.len());
    Ok(found.into_iter().map(|(id, hook)| (DeliveryId::from_number(id), HookId::from_number(hook))).collect())
}

/// How many dead deliveries that a filter picks could be made pending again.
pub(crate) fn count_dead(conn: &Connection, filter: &DeliveryFilter) -> Step<u64> {
    let Some(picked) = retryable(filter) else { return Ok(0) };
    let sql = format!("SELECT count(*) FROM deliveries d WHERE {}", picked.sql);
    let dead = conn.prepare(&sql)?.query_row(params_from_iter(picked.app), |row| row.get(0))?;
    Ok(number(dead))
}

const _: () =
    assert!(DEAD == status_code(DeliveryStatus::Dead) && CANCELLED == status_code(DeliveryStatus::Cancelled));
