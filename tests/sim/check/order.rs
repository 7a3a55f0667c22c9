//! A hook that keeps order gets its events in the order of their acceptance: a crash brings repeats, never gaps.

use super::{Case, Row};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::hook::AnswerRule;

pub(super) fn check(case: &Case<'_>) {
    for (number, story) in &case.book.hooks {
        if story.plan.options.ordered && story.plan.options.answer == AnswerRule::Required {
            let rows: Vec<&Row<'_>> = case.rows.values().filter(|row| row.hook == *number).collect();
            for (place, row) in rows.iter().enumerate() {
                rows[..place]
                    .iter()
                    .filter(|older| !older.was_retried())
                    .for_each(|older| one_after_the_other(case, older, row));
            }
        }
    }
}

/// When the younger one was first sent, nothing of the older one was still to come.
fn one_after_the_other(case: &Case<'_>, older: &Row<'_>, younger: &Row<'_>) {
    let Some(first) = younger.arrivals.first() else { return };
    let well = |status: Option<u16>| status.is_some_and(|status| (200..300).contains(&status));
    if older.view.delivery.status == DeliveryStatus::Delivered {
        let before = older.arrivals.iter().any(|arrival| arrival.tick < first.tick && well(arrival.answered));
        assert!(before, "{first:?} came before {}", older.tells());
    }
    if case.plan.full.is_empty() {
        let late =
            older.arrivals.iter().find(|late| late.tick > first.tick && !case.crashed(first.tick, late.tick));
        assert!(late.is_none(), "{late:?} came after {first:?}");
    }
}
