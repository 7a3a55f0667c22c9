//! Beginning a session: what ended with the server before is put in order.

use crate::column::{count, number};
use crate::failure::{CommandError, CommandResult};
use crate::txn::{SESSION, Txn};
use crate::{deliveries, exchanges, hooks, id_floor};
use footbridge_journal::{Ended, Joined, JournalError, Session};
use footbridge_model::id::HookId;
use footbridge_model::time::Millis;
use std::time::Duration;

/// How long the record of an exchange whose outcome is unknown stays: as long as any answer.
const KEEP_CUT_OFF: Duration = Duration::from_hours(24);

/// The most ended hooks that are named.
const NAMED: u32 = 50;

/// Begins the only session.
pub(crate) fn join(txn: &mut Txn<'_>, now: Millis) -> CommandResult<Joined> {
    if txn.state.session != Session::default() {
        let why = "the database serves one server, which has joined already";
        return Err(CommandError::Refused(JournalError::Conflict(why)));
    }
    let session = Session(txn.fact(SESSION)? + 1);
    txn.set_fact(SESSION, session.0)?;
    let named = hooks::transient(txn, NAMED)?;
    let hooks = hooks::end_transient(txn)?;
    if hooks > 0 {
        txn.next_version()?;
    }
    let exchanges = count(exchanges::cut_off(txn, now, now.plus(KEEP_CUT_OFF))?);
    id_floor::store(txn, now)?;
    let highest_id = id_floor::highest_id(txn.conn)?;
    txn.state.session = session;
    let ended = Ended { hooks, named, exchanges };
    Ok(Joined { session, source: 0, highest_id, alone: true, exclusive: true, ended })
}

/// The hooks with pending deliveries; those of deleted hooks are cancelled on the way. One seek a hook, however many
/// deliveries wait.
pub(crate) fn waiting(txn: &mut Txn<'_>) -> CommandResult<Vec<HookId>> {
    let sql = "SELECT hook_id FROM deliveries INDEXED BY deliveries_due
               WHERE status = 0 AND hook_id > ?1 ORDER BY hook_id LIMIT 1";
    let (mut waiting, mut last) = (Vec::new(), -1);
    while let Some(hook) = txn.first(sql, [last], |row| row.get(0))? {
        last = hook;
        let hook = HookId::from_number(number(hook));
        if hooks::is_kept(txn, hook)? {
            waiting.push(hook);
        } else {
            deliveries::cancel(txn, hook, "hook gone")?;
        }
    }
    Ok(waiting)
}
