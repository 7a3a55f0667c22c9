//! The lanes that wait until an installed app is started.

use footbridge_model::id::HookId;
use footbridge_model::name::AppName;
use std::collections::{BTreeSet, HashMap, HashSet};

/// The lanes that wait for the start of an app, by app.
#[derive(Debug, Default)]
pub(super) struct WaitingForApp {
    lanes_by_app: HashMap<AppName, BTreeSet<HookId>>,
    lanes: HashSet<HookId>,
}

impl WaitingForApp {
    /// Adds a lane; returns true if it is the first that waits for `app`.
    pub(super) fn add(&mut self, app: AppName, lane: HookId) -> bool {
        self.lanes.insert(lane);
        let waiting = self.lanes_by_app.entry(app).or_default();
        waiting.insert(lane);
        waiting.len() == 1
    }

    /// Returns true if a lane waits for its app.
    pub(super) fn contains(&self, lane: HookId) -> bool {
        self.lanes.contains(&lane)
    }

    /// Removes the lanes that wait for `app`, and returns them.
    pub(super) fn take(&mut self, app: &AppName) -> BTreeSet<HookId> {
        let lanes = self.lanes_by_app.remove(app).unwrap_or_default();
        for lane in &lanes {
            self.lanes.remove(lane);
        }
        lanes
    }
}
