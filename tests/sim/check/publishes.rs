//! What was accepted is kept, once, for the hooks that wanted it then; what was refused is not.

use super::matching::wants;
use super::{Case, mark};
use crate::ledger::Published;
use footbridge_engine::PublishError;
use footbridge_journal::EventView;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn check(case: &Case<'_>) {
    for published in &case.book.publishes {
        match &published.told {
            Some(Ok(accepted)) => {
                let view = case.events.get(&accepted.id);
                let view = view.unwrap_or_else(|| panic!("accepted and lost: {published:?}"));
                assert_eq!(mark(&view.event.body), published.publish.mark, "{published:?}");
                // Those that were skipped go to nobody.
                assert!(view.deliveries >= accepted.deliveries, "{published:?}");
            }
            Some(Err(PublishError::KeyMismatch)) => assert!(published.publish.key.is_some(), "{published:?}"),
            Some(Err(PublishError::Journal(_))) => {
                assert!(!case.plan.is_sound(), "refused by a sound disk: {published:?}");
            }
            Some(Err(error)) => panic!("{error}: {published:?}"),
            None => {}
        }
    }
    let mut by_key = BTreeMap::new();
    for view in case.events.values() {
        let calls = calls(case, view);
        assert!(!calls.is_empty(), "nobody published it: {view:?}");
        if let Some(key) = calls[0].publish.key {
            let other = by_key.insert(key, view.event.id);
            assert_eq!(other, None, "one key, two events: {view:?}");
        } else {
            assert_eq!(calls.len(), 1, "{view:?}");
        }
        let reasons: Vec<String> = calls.iter().filter_map(|call| unfit(case, view, call)).collect();
        assert!(reasons.len() < calls.len(), "{view:?} went elsewhere than it should: {reasons:#?}");
    }
}

/// The calls that may have published it.
fn calls<'a>(case: &'a Case<'_>, view: &EventView) -> Vec<&'a Published> {
    let said = mark(&view.event.body);
    let may = |call: &&Published| {
        call.publish.mark == said
            && match &call.told {
                Some(Ok(accepted)) => accepted.id == view.event.id,
                Some(Err(_)) => false,
                None => true,
            }
    };
    case.book.publishes.iter().filter(may).collect()
}

/// Why the deliveries of an event are not those that this call made, if they are not.
fn unfit(case: &Case<'_>, view: &EventView, call: &Published) -> Option<String> {
    let rows = || case.rows.values().filter(|row| row.view.delivery.event_id == view.event.id);
    let got: Vec<u64> = rows().map(|row| row.hook).collect();
    let once: BTreeSet<u64> = got.iter().copied().collect();
    if once.len() != got.len() || got.len() != view.deliveries as usize {
        return Some(format!("{got:?} for {} deliveries", view.deliveries));
    }
    case.book.hooks.iter().find_map(|(number, story)| {
        let wanted = wants(story, &call.publish);
        let (surely, perhaps) = (case.surely_on(story, call.called), case.perhaps_on(story, call.called));
        let fits = match rows().find(|row| row.hook == *number) {
            None => !(wanted && surely),
            Some(row) if row.is_skipped() => wanted && !surely,
            // It may have been skipped before.
            Some(row) if row.was_retried() => wanted,
            Some(_) => wanted && perhaps,
        };
        (!fits).then(|| format!("{call:?} to {got:?}, but {story:?}"))
    })
}
