//! What a new server puts in order.

use crate::column::{count, number};
use crate::fault::Step;
use crate::txn::Txn;
use crate::{deliveries, exchanges, hooks, mark};
use footbridge_journal::Recovery;
use footbridge_model::id::HookId;
use footbridge_model::time::Millis;
use std::time::Duration;

/// How long an exchange without a known outcome stays: as long as the product keeps any answer.
const KEEP_CUT_OFF: Duration = Duration::from_hours(24);

/// The most ended hooks that are named.
const NAMED: u32 = 50;

/// Ends what ended with the server before.
pub(crate) fn recover(txn: &mut Txn<'_>, now: Millis) -> Step<Recovery> {
    let ended = hooks::transient(txn, NAMED)?;
    let ended_hooks = hooks::end_transient(txn)?;
    let cut_off_exchanges = count(exchanges::cut_off(txn, now, now.plus(KEEP_CUT_OFF))?);
    let waiting = waiting(txn)?;
    mark::keep(txn, now)?;
    Ok(Recovery { highest_id: mark::highest_id(txn.conn)?, waiting, ended_hooks, ended, cut_off_exchanges })
}

/// The kept hooks with pending deliveries; those of others are cancelled on the way. One seek a hook,
/// however many deliveries wait.
fn waiting(txn: &mut Txn<'_>) -> Step<Vec<(HookId, Millis)>> {
    let sql = "SELECT hook_id, next_at FROM deliveries INDEXED BY deliveries_due
               WHERE status = 0 AND hook_id > ?1 ORDER BY hook_id, next_at LIMIT 1";
    let (mut waiting, mut last) = (Vec::new(), -1);
    while let Some((hook, at)) = txn.first(sql, [last], |row| Ok((row.get(0)?, row.get(1)?)))? {
        last = hook;
        let hook = HookId::from_number(number(hook));
        if hooks::is_kept(txn, hook)? {
            waiting.push((hook, Millis(at)));
        } else {
            deliveries::cancel(txn, hook, "hook gone")?;
        }
    }
    Ok(waiting)
}
