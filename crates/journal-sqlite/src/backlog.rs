//! The backlogs of hooks, and the end of single deliveries by hand.

use crate::column::{CANCELLED, count, key, number, status};
use crate::deliveries;
use crate::failure::{CommandError, CommandResult};
use crate::txn::Txn;
use footbridge_journal::{CancelOnly, CancelledOne, HookBacklog, JournalError};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::id::{DeliveryId, HookId};
use rusqlite::{Connection, params};

/// Counts the pending deliveries of a hook, and finds the oldest. Reads the index of pending ones only.
const PENDING_OF: &str =
    "SELECT count(*), min(id) FROM deliveries INDEXED BY deliveries_due WHERE hook_id = ?1 AND status = 0";

/// Returns what is pending for a hook.
pub(crate) fn of(conn: &Connection, hook: HookId) -> CommandResult<HookBacklog> {
    let mut select = conn.prepare_cached(PENDING_OF)?;
    let (pending, head): (i64, Option<i64>) =
        select.query_row([key(hook.number())], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let head = match head {
        Some(head) => deliveries::one(conn, DeliveryId::from_number(number(head)))?,
        None => None,
    };
    Ok(HookBacklog { hook, pending: number(pending), head })
}

/// Cancels one pending delivery; with [`CancelOnly::Head`] only if it is the oldest of its hook.
pub(crate) fn cancel_one(
    txn: &mut Txn<'_>,
    id: DeliveryId,
    only: CancelOnly,
    reason: &str,
) -> CommandResult<CancelledOne> {
    let sql = "SELECT status, hook_id FROM deliveries WHERE id = ?1";
    let found: Option<(i64, i64)> =
        txn.first(sql, [key(id.number())], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (code, hook) = found.ok_or(CommandError::Refused(JournalError::NotFound("delivery")))?;
    let status = status(code)?;
    if status != DeliveryStatus::Pending {
        return Ok(CancelledOne::Ended(status));
    }
    if only == CancelOnly::Head {
        let head: Option<i64> = txn.first(PENDING_OF, [hook], |row| row.get(1))?.flatten();
        if let Some(head) = head.filter(|head| *head != key(id.number())) {
            return Ok(CancelledOne::NotTheHead(DeliveryId::from_number(number(head))));
        }
    }
    let sql = "UPDATE deliveries SET status = ?2, next_at = NULL, last_error = ?3 WHERE id = ?1";
    let cancelled = count(txn.run(sql, params![key(id.number()), CANCELLED, reason])?);
    txn.state.account.pending -= cancelled;
    txn.state.account.cancelled += cancelled;
    Ok(CancelledOne::Cancelled(HookId::from_number(number(hook))))
}
