//! Everything comes to an end that what happened explains, and what has ended is not sent again.

use super::{Case, Row};
use crate::ledger::{Tick, To};
use crate::plan::{ATTEMPT, WAITS};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::hook::AnswerRule;

/// How many attempts a delivery has.
const ATTEMPTS: usize = WAITS.len() + 1;

pub(super) fn check(case: &Case<'_>) {
    for row in case.rows.values() {
        ended_for_a_reason(case, row);
        not_sent_again(case, row);
    }
    gone_hooks_are_left_alone(case);
}

fn ended_for_a_reason(case: &Case<'_>, row: &Row<'_>) {
    let (delivery, last) = (&row.view.delivery, row.view.attempts.last());
    let well = |status: u16| (200..300).contains(&status);
    let answered_well = row.arrivals.iter().any(|arrival| arrival.answered.is_some_and(well));
    let explained = match delivery.status {
        DeliveryStatus::Pending => false,
        DeliveryStatus::Delivered => row
            .arrivals
            .iter()
            .any(|arrival| arrival.attempt == delivery.attempts && arrival.answered.is_some_and(well)),
        DeliveryStatus::Unanswered => row.story.plan.options.answer == AnswerRule::Optional,
        DeliveryStatus::Dead => {
            let made = row.view.attempts.len();
            let all = if row.was_retried() { made >= ATTEMPTS } else { made == ATTEMPTS };
            let gone = last.is_some_and(|attempt| attempt.status == Some(410));
            (all || gone) && !(answered_well && case.plan.is_sound() && !row.was_retried())
        }
        DeliveryStatus::Cancelled => {
            let asked = |to| row.story.changes.iter().any(|change| change.to == to);
            asked(To::Removed) || asked(To::Gone) || case.lapsed(row.story, Tick::MAX) || row.is_skipped()
        }
    };
    assert!(explained, "{} is no end for what happened: {}", delivery.status.as_str(), row.tells());
    let numbers = row.view.attempts.iter().map(|attempt| attempt.n);
    assert!(numbers.eq(1..=delivery.attempts), "attempts are missing: {}", row.tells());
}

fn not_sent_again(case: &Case<'_>, row: &Row<'_>) {
    let last = |of: &[Tick], before: Tick| of.iter().copied().filter(|tick| *tick < before).max();
    for arrival in &row.arrivals {
        let (ended, again) = (last(&row.ended, arrival.tick), last(&row.again, arrival.tick));
        assert!(ended <= again, "sent after its end was kept: {arrival:?} of {}", row.tells());
    }
    if case.plan.is_sound() {
        let mut numbers: Vec<u32> = row.arrivals.iter().map(|arrival| arrival.attempt).collect();
        numbers.dedup();
        // What came of one that was under way when its delivery was cancelled is not kept.
        let twice = numbers.len() < row.arrivals.len() && !row.was_retried();
        assert!(!twice, "an attempt was made twice: {}", row.tells());
        assert!(numbers.is_sorted(), "attempts went back: {}", row.tells());
        let well = |status: Option<u16>| status.is_some_and(|status| (200..300).contains(&status));
        let first = row.arrivals.iter().position(|arrival| well(arrival.answered));
        let after = first.map_or(0, |first| row.arrivals.len() - first - 1);
        assert!(after == 0 || row.was_retried(), "sent after it was delivered: {}", row.tells());
    }
}

/// A receiver that said 410 gets nothing more, but what was under way.
fn gone_hooks_are_left_alone(case: &Case<'_>) {
    if !case.plan.is_sound() {
        return;
    }
    for gone in case.book.arrivals.iter().filter(|arrival| arrival.answered == Some(410)) {
        let changes = &case.book.hooks[&gone.hook].changes;
        for later in case.book.arrivals.iter().filter(|later| later.hook == gone.hook) {
            let soon = later.at <= gone.at + 2 * ATTEMPT;
            let asked_back = changes
                .iter()
                .any(|change| change.to == To::On && (gone.tick..later.tick).contains(&change.called));
            assert!(soon || asked_back, "sent after a 410: {later:?}, {gone:?}");
        }
    }
}
