//! Lanes that wait for an app to be started.

use footbridge_model::id::HookId;
use footbridge_model::name::AppName;
use std::collections::{BTreeSet, HashMap, HashSet};

/// Which lanes wait for which app.
#[derive(Debug, Default)]
pub(super) struct Asleep {
    waiting: HashMap<AppName, BTreeSet<HookId>>,
    hooks: HashSet<HookId>,
}

impl Asleep {
    /// Lets a lane wait for an app; gives whether it is the first to.
    pub(super) fn put(&mut self, app: AppName, hook: HookId) -> bool {
        self.hooks.insert(hook);
        let waiting = self.waiting.entry(app).or_default();
        waiting.insert(hook);
        waiting.len() == 1
    }

    /// Whether a lane waits.
    pub(super) fn holds(&self, hook: HookId) -> bool {
        self.hooks.contains(&hook)
    }

    /// The lanes that waited for this app; they wait no more.
    pub(super) fn wake(&mut self, app: &AppName) -> BTreeSet<HookId> {
        let woken = self.waiting.remove(app).unwrap_or_default();
        for hook in &woken {
            self.hooks.remove(hook);
        }
        woken
    }
}
