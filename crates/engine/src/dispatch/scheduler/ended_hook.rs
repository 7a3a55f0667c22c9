//! Ends the deliveries of hooks that are deleted, or whose receivers answered 410.

use super::{HOOK_GONE, Scheduler};
use crate::registry::HookEntry;
use footbridge_journal::Claim;
use footbridge_model::id::HookId;

/// Why deliveries to a hook are cancelled after its receiver answered 410.
const SWITCHED_OFF: &str = "hook switched off (410)";

impl Scheduler {
    /// Returns true if the hook's receiver answered 410; deliveries that were accepted since are cancelled too.
    pub(super) fn is_switched_off(&mut self, hook: &HookEntry, claim: Claim) -> bool {
        let id = hook.hook.id;
        match self.gone.get(&id) {
            None => return false,
            Some(true) if hook.hook.enabled => {
                self.gone.remove(&id);
                return false;
            }
            Some(true) => self.completion.recorder.cancel_pending(claim, id, SWITCHED_OFF),
            Some(false) => {}
        }
        self.suspend(id);
        true
    }

    /// Cancels the deliveries of a hook whose receiver answered 410, and switches the hook off.
    pub(super) fn switch_off(&mut self, claim: Claim, hook: HookId) {
        self.gone.insert(hook, false);
        self.suspend(hook);
        self.completion.recorder.cancel_pending(claim, hook, SWITCHED_OFF);
        self.tasks.switch_off(hook);
    }

    /// Takes the report of a hook that was to be switched off; `done` if it was.
    pub(super) fn finish_switch_off(&mut self, hook: HookId, done: bool) {
        if done {
            self.gone.insert(hook, true);
        } else {
            self.gone.remove(&hook);
        }
        self.lane(hook).reload();
        self.run_queue.push(hook);
    }

    /// Cancels the deliveries of a hook that is deleted.
    pub(super) fn hook_is_deleted(&mut self, id: HookId) {
        if let (false, Some(claim)) = (self.suspend(id), self.claims.of_deleted_hook()) {
            // Its deliveries were cancelled with the hook, but an event may have been accepted at the same time.
            self.completion.recorder.cancel_pending(claim, id, HOOK_GONE);
        }
    }
}
