//! Oracle: an accepted event is stored once, with deliveries to the hooks that matched; a refused event is not stored.

use super::matching::wants;
use super::{Row, RunView, is_own, mark};
use crate::actions::may_be_stored;
use crate::history::Published;
use footbridge_engine::PublishError;
use footbridge_journal::EventView;
use footbridge_model::id::EventId;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn check(run: &RunView<'_>) {
    for published in &run.records.publishes {
        match &published.answer {
            Some(Ok(accepted)) => {
                let view = run.events.get(&accepted.id);
                let view = view.unwrap_or_else(|| panic!("accepted and lost: {published:?}"));
                assert_eq!(mark(&view.event.body), published.publish.mark, "{published:?}");
                // Skipped deliveries are not in the answer's count.
                assert!(view.deliveries >= accepted.deliveries, "{published:?}");
            }
            Some(Err(PublishError::KeyMismatch)) => assert!(published.publish.key.is_some(), "{published:?}"),
            Some(Err(PublishError::Journal(_))) => {
                assert!(!run.plan.has_no_server_faults(), "refused by a sound disk: {published:?}");
            }
            // A loop is checked with the lineage.
            Some(Err(PublishError::LoopDetected(_))) | None => {}
            Some(Err(error)) => panic!("{error}: {published:?}"),
        }
    }
    let mut by_event: BTreeMap<EventId, Vec<&Row<'_>>> = BTreeMap::new();
    for row in run.rows() {
        by_event.entry(row.view.delivery.event_id).or_default().push(row);
    }
    let mut by_key = BTreeMap::new();
    for view in run.events.values().filter(|view| !is_own(view)) {
        let calls = calls(run, view);
        assert!(!calls.is_empty(), "nobody published it: {view:?}");
        if let Some(key) = calls[0].publish.key {
            let other = by_key.insert(key, view.event.id);
            assert_eq!(other, None, "one key, two events: {view:?}");
        } else {
            assert_eq!(calls.len(), 1, "{view:?}");
        }
        let rows = by_event.get(&view.event.id).map_or(&[][..], Vec::as_slice);
        let reasons: Vec<String> = calls.iter().filter_map(|call| mismatch(run, view, rows, call)).collect();
        assert!(reasons.len() < calls.len(), "{view:?} went elsewhere than it should: {reasons:#?}");
    }
}

/// The calls that may have published this event.
fn calls<'a>(run: &'a RunView<'_>, view: &EventView) -> Vec<&'a Published> {
    let said = mark(&view.event.body);
    let may = |call: &&Published| {
        call.publish.mark == said
            && match &call.answer {
                Some(Ok(accepted)) => accepted.id == view.event.id,
                Some(Err(PublishError::Journal(error))) => may_be_stored(error),
                Some(Err(_)) => false,
                None => true,
            }
    };
    run.records.publishes.iter().filter(may).collect()
}

/// Explains why the deliveries do not fit this call; `None` if they do.
fn mismatch(run: &RunView<'_>, view: &EventView, rows: &[&Row<'_>], call: &Published) -> Option<String> {
    let got: Vec<u64> = rows.iter().map(|row| row.hook).collect();
    let once: BTreeSet<u64> = got.iter().copied().collect();
    if once.len() != got.len() || got.len() != view.deliveries as usize {
        return Some(format!("{got:?} for {} deliveries", view.deliveries));
    }
    // One server matches the event when it is published. With several, a hook that another server made meanwhile counts.
    let last = if run.shared { call.answered } else { call.called };
    run.records.hooks.iter().find_map(|(number, hook_history)| {
        let wanted = wants(hook_history, &call.publish);
        let moments = [call.called, last];
        let surely = moments.iter().all(|at| run.surely_on(hook_history, *at));
        let perhaps = moments.iter().any(|at| run.perhaps_on(hook_history, *at));
        let fits = match rows.iter().find(|row| row.hook == *number) {
            None => !(wanted && surely),
            Some(row) if row.is_skipped() => wanted && !surely,
            // It may have been skipped first.
            Some(row) if row.was_retried() => wanted,
            Some(_) => wanted && perhaps,
        };
        (!fits).then(|| format!("{call:?} to {got:?}, but {hook_history:?}"))
    })
}
