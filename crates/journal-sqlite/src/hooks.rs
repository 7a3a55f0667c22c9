//! The table of hooks.

use crate::column::{CANCELLED, PENDING, count, key, number, origin_code};
use crate::deliveries;
use crate::failure::CommandResult;
use crate::hook_row::{self, COLUMNS};
use crate::txn::Txn;
use footbridge_journal::EndedHook;
use footbridge_model::hook::{Hook, Lifetime, Origin};
use footbridge_model::id::HookId;
use footbridge_model::name::AppName;
use footbridge_model::pattern::{Part, Pattern};
use footbridge_model::time::Millis;
use rusqlite::params;

/// Reads every hook that is not deleted.
pub(crate) fn load(txn: &Txn<'_>) -> CommandResult<Vec<Hook>> {
    let sql = format!("SELECT {COLUMNS} FROM hooks h WHERE gone_after IS NULL ORDER BY id");
    let mut select = txn.conn.prepare(&sql)?;
    let mut rows = select.query([])?;
    let mut hooks = Vec::new();
    while let Some(row) = rows.next()? {
        let hook = hook_row::read(row, 0)?;
        let what = || format!("the hook {} of the app `{}`", hook.id, hook.app);
        hook_row::sum(&hook).check(row.get(hook_row::SUM)?, what)?;
        hooks.push(hook);
    }
    Ok(hooks)
}

/// Reads the deleted persistent hooks of the configuration file, newest first.
pub(crate) fn deleted(txn: &Txn<'_>) -> CommandResult<Vec<Hook>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM hooks h WHERE gone_after IS NOT NULL AND transient = 0 AND origin = ?1 ORDER BY id DESC"
    );
    let mut select = txn.conn.prepare(&sql)?;
    let mut rows = select.query([origin_code(Origin::File)])?;
    let mut hooks = Vec::new();
    while let Some(row) = rows.next()? {
        hooks.push(hook_row::read(row, 0)?);
    }
    Ok(hooks)
}

/// Stores a deleted hook again, with the deliveries that were cancelled for `reason` when it was deleted.
pub(crate) fn restore(txn: &mut Txn<'_>, hook: &Hook, reason: &str, now: Millis) -> CommandResult<()> {
    let id = key(hook.id.number());
    let gone_after = txn.first("SELECT gone_after FROM hooks WHERE id = ?1", [id], |row| row.get(0))?;
    put(txn, hook)?;
    // Its deliveries were made after it and before it went: only those ids are looked at.
    let Some(last) = gone_after.flatten() else { return Ok(()) };
    let last: i64 = last;
    let sql = "UPDATE deliveries SET status = ?5, ordered = ?6, attempts_base = attempts, next_at = ?4, last_error = NULL
               WHERE id > ?1 AND id <= ?2 AND hook_id = ?1 AND status = ?7 AND last_error = ?3";
    let params = params![id, last, reason, now.0, PENDING, hook.options.ordered, CANCELLED];
    let revived = count(txn.run(sql, params)?);
    txn.state.account.cancelled -= revived;
    txn.state.account.pending += revived;
    Ok(())
}

/// Stores a hook in place of one with the same id.
pub(crate) fn put(txn: &mut Txn<'_>, hook: &Hook) -> CommandResult<()> {
    txn.run(
        "INSERT OR REPLACE INTO hooks (id, app, publisher, event, route, kind, transient, origin, enabled, created_at,
             answer, in_flight, ordered, paused, off, gone_after, sum)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, NULL, ?16)",
        params![
            key(hook.id.number()),
            hook.app.key(),
            hook.pattern.publisher.as_str(),
            hook.pattern.event.as_str(),
            hook.route,
            hook.kind.as_str(),
            hook.lifetime == Lifetime::Transient,
            origin_code(hook.origin),
            hook.enabled,
            hook.created_at.0,
            hook_row::answer(hook.options.answer),
            hook.options.in_flight,
            hook.options.ordered,
            hook_row::paused(hook),
            hook_row::off(hook),
            hook_row::sum(hook).value(),
        ],
    )?;
    order(txn, key(hook.id.number()), hook.options.ordered)
}

/// Moves the pending deliveries of a hook into or out of the index of ordered ones.
fn order(txn: &mut Txn<'_>, hook: i64, ordered: bool) -> CommandResult<()> {
    let changed = if ordered { txn.state.ordered.insert(hook) } else { txn.state.ordered.remove(&hook) };
    if changed {
        let sql =
            "UPDATE deliveries INDEXED BY deliveries_due SET ordered = ?2 WHERE hook_id = ?1 AND status = 0";
        txn.run(sql, params![hook, ordered])?;
    }
    Ok(())
}

/// Marks a hook as deleted and cancels its pending deliveries.
pub(crate) fn delete(txn: &mut Txn<'_>, hook: HookId, reason: &str) -> CommandResult<()> {
    let sql = "UPDATE hooks SET gone_after = (SELECT coalesce(max(id), 0) FROM deliveries)
               WHERE id = ?1 AND gone_after IS NULL";
    txn.run(sql, [key(hook.number())])?;
    deliveries::cancel(txn, hook, reason)?;
    txn.state.ordered.remove(&key(hook.number()));
    Ok(())
}

/// Marks all hooks of an app as deleted.
pub(crate) fn delete_of_app(txn: &mut Txn<'_>, app: &AppName, reason: &str) -> CommandResult<()> {
    let sql = "SELECT id FROM hooks WHERE app = ?1 AND gone_after IS NULL";
    for hook in txn.all(sql, [app.key()], |row| row.get(0))? {
        delete(txn, HookId::from_number(number(hook)), reason)?;
    }
    Ok(())
}

/// Reads the first transient hooks of apps.
pub(crate) fn transient(txn: &Txn<'_>, most: u32) -> CommandResult<Vec<EndedHook>> {
    let sql = "SELECT app, publisher, event FROM hooks
               WHERE transient = 1 AND gone_after IS NULL AND app != 'bolt' ORDER BY id LIMIT ?1";
    let part = |text: String| if text == "*" { Part::Any } else { Part::Is(text.as_str().into()) };
    let hooks = txn.all(sql, [most], |row| {
        let (app, publisher, event): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let pattern = Pattern { publisher: part(publisher), event: part(event) };
        Ok(EndedHook { app: AppName::trusted(&app), pattern })
    })?;
    Ok(hooks)
}

/// Marks all transient hooks as deleted, and returns how many there were. The caller cancels their deliveries.
pub(crate) fn end_transient(txn: &mut Txn<'_>) -> CommandResult<u64> {
    let sql = "UPDATE hooks SET gone_after = (SELECT coalesce(max(id), 0) FROM deliveries)
               WHERE transient = 1 AND gone_after IS NULL";
    let ended = txn.run(sql, [])?;
    let sql = "SELECT id FROM hooks WHERE ordered = 1 AND gone_after IS NULL";
    txn.state.ordered = txn.all(sql, [], |row| row.get(0))?.into_iter().collect();
    Ok(count(ended))
}

/// Returns true if the hook exists and is not deleted.
pub(crate) fn is_kept(txn: &Txn<'_>, hook: HookId) -> CommandResult<bool> {
    let sql = "SELECT 1 FROM hooks WHERE id = ?1 AND gone_after IS NULL";
    Ok(txn.first(sql, [key(hook.number())], |_| Ok(()))?.is_some())
}
