//! Oracle: retention deletes what is old and ended, and nothing else.

use super::RunView;
use crate::time::BEGIN;
use footbridge_model::delivery::DeliveryStatus;
use std::time::Duration;

/// Retention looks for old events each minute.
const LATE: Duration = Duration::from_secs(65);

pub(super) fn check(run: &RunView<'_>) {
    let pruned = &run.records.pruned;
    let Some(retention) = run.plan.retention else {
        assert!(pruned.events.is_empty(), "deleted without retention: {:?}", pruned.events);
        return;
    };
    for view in &pruned.deliveries {
        assert_ne!(view.delivery.status, DeliveryStatus::Pending, "deleted while pending: {view:?}");
    }
    if !run.plan.clock_jumps.is_empty() || run.lasted < run.plan.faults_end + 2 * LATE {
        return;
    }
    let longest = retention.ended.max(retention.dead) + LATE;
    let old = BEGIN.plus(run.lasted).minus(longest);
    for view in run.events.values().filter(|view| view.event.time < old) {
        let deleted = pruned.events.iter().any(|deleted| deleted.event.id == view.event.id);
        let waits = run.rows.values().any(|row| {
            row.view.delivery.event_id == view.event.id && row.view.delivery.status == DeliveryStatus::Pending
        });
        assert!(deleted || waits, "older than {longest:?} and still stored: {view:?}");
    }
}
