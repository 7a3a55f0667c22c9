//! Oracle: an event's lineage continues that of its cause, and a chain ends at the depth limit.

use super::{RunView, is_own};
use crate::history::Published;
use footbridge_engine::PublishError;
use footbridge_model::id::EventId;
use footbridge_model::lineage::{Lineage, STOP_DEPTH};

pub(super) fn check(run: &RunView<'_>) {
    for view in run.events.values().filter(|view| !is_own(view)) {
        let lineage = view.event.lineage;
        assert!(lineage.depth < STOP_DEPTH, "deeper than the limit: {view:?}");
        let expected = lineage.cause.map_or_else(Lineage::default, |cause| follows(run, cause));
        assert_eq!(lineage, expected, "{view:?}");
    }
    for call in &run.records.publishes {
        let Some(cause) = call.publish.cause.map(EventId::from_number) else { continue };
        match &call.answer {
            Some(Ok(accepted)) => is_linked(run, call, cause, accepted.id),
            Some(Err(PublishError::LoopDetected(_))) => {
                assert!(follows(run, cause).depth >= STOP_DEPTH, "stopped too early: {call:?}");
            }
            _ => {}
        }
    }
}

/// The lineage of an event that this one causes.
fn follows(run: &RunView<'_>, cause: EventId) -> Lineage {
    let view = run.events.get(&cause).unwrap_or_else(|| panic!("no event is the cause {cause}"));
    Lineage::after(cause, view.event.lineage)
}

/// The event names its cause, unless retention had deleted that.
fn is_linked(run: &RunView<'_>, call: &Published, cause: EventId, event: EventId) {
    let deleted = run.records.pruned.events.iter().any(|view| view.event.id == cause);
    let found = run.events[&event].event.lineage.cause;
    assert!(found == Some(cause) || found.is_none() && deleted, "{found:?} is not the cause of {call:?}");
}
