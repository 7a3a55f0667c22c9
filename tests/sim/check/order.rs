//! Oracle: an ordered hook gets its events in the order of acceptance. A crash causes repeats but no gaps.

use super::{Row, RunView};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::hook::AnswerRule;

pub(super) fn check(run: &RunView<'_>) {
    for (number, hook_history) in &run.records.hooks {
        if hook_history.plan.options.ordered && hook_history.plan.options.answer == AnswerRule::Required {
            let rows: Vec<&Row<'_>> = run.rows.values().filter(|row| row.hook == *number).collect();
            for (place, row) in rows.iter().enumerate() {
                rows[..place]
                    .iter()
                    .filter(|older| !older.was_retried())
                    .for_each(|older| one_after_the_other(run, older, row));
            }
        }
    }
}

/// No request of the older delivery is outstanding when the younger one is first sent.
fn one_after_the_other(run: &RunView<'_>, older: &Row<'_>, younger: &Row<'_>) {
    let Some(first) = younger.arrivals.first() else { return };
    let well = |status: Option<u16>| status.is_some_and(|status| (200..300).contains(&status));
    if older.view.delivery.status == DeliveryStatus::Delivered {
        let before = older.arrivals.iter().any(|arrival| arrival.tick < first.tick && well(arrival.answered));
        assert!(before, "{first:?} came before {}", older.describe());
    }
    if run.plan.disk_full.is_empty() {
        let late =
            older.arrivals.iter().find(|late| late.tick > first.tick && !run.crashed(first.tick, late.tick));
        assert!(late.is_none(), "{late:?} came after {first:?}");
    }
}
