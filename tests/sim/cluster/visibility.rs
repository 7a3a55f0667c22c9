//! Oracle: each healthy node knows a hook one second after the answer to its change, wherever that was made.

use super::plan::{ClusterPlan, NODES};
use crate::history::{History, To};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How often the nodes are asked.
const EVERY: Duration = Duration::from_millis(100);
/// A beat brings the news each second of a clock that may be slow by a hundredth; reading them takes two calls.
const KNOWN_AFTER: Duration = Duration::from_millis(1_080);
/// How long a node must have been healthy.
const HEALTHY_FOR: Duration = Duration::from_secs(5);

/// Which changes of hooks were answered, and when.
#[derive(Default)]
pub(super) struct Visibility {
    answered: BTreeMap<(u64, bool), Duration>,
    /// Hooks whose removal was asked for.
    ending: BTreeSet<u64>,
    /// Since when each node has been up.
    up: [Option<Duration>; NODES],
}

impl Visibility {
    /// True if the nodes are to be asked now.
    pub(super) fn is_due(now: Duration) -> bool {
        now.as_millis().is_multiple_of(EVERY.as_millis())
    }

    /// Compares what each node knows with what was answered: the numbers of its hooks, `None` for a node that is not up.
    pub(super) fn check(
        &mut self,
        now: Duration,
        plan: &ClusterPlan,
        known: [Option<BTreeSet<u64>>; NODES],
        history: &History,
    ) {
        self.note_answers(now, history);
        for (node, known) in known.into_iter().enumerate() {
            let Some(known) = known else {
                self.up[node] = None;
                continue;
            };
            let up = *self.up[node].get_or_insert(now);
            if now < up + HEALTHY_FOR || plan.is_disturbed(node, now) {
                continue;
            }
            for ((hook, exists), answered) in &self.answered {
                let is_ending = *exists && self.ending.contains(hook);
                if is_ending || now < *answered + KNOWN_AFTER {
                    continue;
                }
                if known.contains(hook) != *exists {
                    history.record_violation(format!(
                        "at {now:?} node {node} does not know that hook {hook} was {} at {answered:?}",
                        if *exists { "made" } else { "removed" }
                    ));
                }
            }
        }
    }

    /// Notes since when the answers of changes have been there.
    fn note_answers(&mut self, now: Duration, history: &History) {
        for (number, hook) in &history.records().hooks {
            if hook.changes.iter().any(|change| matches!(change.to, To::Removed | To::Gone)) {
                self.ending.insert(*number);
            }
            for change in hook.changes.iter().filter(|change| change.answer.is_some_and(|(_, done)| done)) {
                let exists = match change.to {
                    To::Made => true,
                    To::Removed => false,
                    _ => continue,
                };
                self.answered.entry((*number, exists)).or_insert(now);
            }
        }
    }
}

impl ClusterPlan {
    /// True if the node or the database has, or soon before had, a fault.
    fn is_disturbed(&self, node: usize, now: Duration) -> bool {
        let lately = now.saturating_sub(HEALTHY_FOR);
        let recent = |from: Duration, until: Duration| from <= now && lately <= until;
        self.lost_requests + self.lost_answers > 0
            || self.database.iter().any(|fault| recent(fault.during.start, fault.during.end))
            || self
                .faults
                .iter()
                .any(|fault| fault.node == node && recent(fault.during().start, fault.during().end))
    }
}
