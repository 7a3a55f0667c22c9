//! Oracle: every delivery ends for a reason that the history explains, and is not sent after its end.

use super::{Row, RunView, is_own};
use crate::history::{Tick, To};
use crate::plan::{ATTEMPT, WAITS};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::hook::AnswerRule;

/// The attempts of a delivery.
const ATTEMPTS: usize = WAITS.len() + 1;

pub(super) fn check(run: &RunView<'_>) {
    for row in run.rows.values() {
        ended_for_a_reason(run, row);
        not_sent_again(run, row);
    }
    gone_hooks_are_left_alone(run);
}

fn ended_for_a_reason(run: &RunView<'_>, row: &Row<'_>) {
    let (delivery, last) = (&row.view.delivery, row.view.attempts.last());
    let well = |status: u16| (200..300).contains(&status);
    let answered_well = row.arrivals.iter().any(|arrival| arrival.answered.is_some_and(well));
    let explained = match delivery.status {
        DeliveryStatus::Pending => false,
        DeliveryStatus::Delivered => row
            .arrivals
            .iter()
            .any(|arrival| arrival.attempt == delivery.attempts && arrival.answered.is_some_and(well)),
        DeliveryStatus::Unanswered => row.hook_history.plan.options.answer == AnswerRule::Optional,
        DeliveryStatus::Dead => {
            let made = row.view.attempts.len();
            let all = if row.was_retried() { made >= ATTEMPTS } else { made == ATTEMPTS };
            let gone = last.is_some_and(|attempt| attempt.status == Some(410));
            (all || gone) && !(answered_well && run.plan.has_no_server_faults() && !row.was_retried())
        }
        DeliveryStatus::Cancelled => {
            let asked = |to| row.hook_history.changes.iter().any(|change| change.to == to);
            asked(To::Removed)
                || asked(To::Gone)
                || run.lapsed(row.hook_history, Tick::MAX)
                || row.is_skipped()
                || is_own(&run.events[&delivery.event_id])
        }
    };
    assert!(explained, "{} is no end for what happened: {}", delivery.status.as_str(), row.describe());
    let numbers = row.view.attempts.iter().map(|attempt| attempt.n);
    assert!(numbers.eq(1..=delivery.attempts), "attempts are missing: {}", row.describe());
}

fn not_sent_again(run: &RunView<'_>, row: &Row<'_>) {
    let last = |of: &[Tick], before: Tick| of.iter().copied().filter(|tick| *tick < before).max();
    for arrival in &row.arrivals {
        let (ended, again) = (last(&row.ended, arrival.tick), last(&row.again, arrival.tick));
        assert!(ended <= again, "sent after its end was stored: {arrival:?} of {}", row.describe());
    }
    if run.plan.has_no_server_faults() {
        let mut numbers: Vec<u32> = row.arrivals.iter().map(|arrival| arrival.attempt).collect();
        numbers.dedup();
        // The result of an attempt in flight at the cancellation is not stored.
        let twice = numbers.len() < row.arrivals.len() && !row.was_retried();
        assert!(!twice, "an attempt was made twice: {}", row.describe());
        assert!(numbers.is_sorted(), "attempts went back: {}", row.describe());
        let well = |status: Option<u16>| status.is_some_and(|status| (200..300).contains(&status));
        let first = row.arrivals.iter().position(|arrival| well(arrival.answered));
        let after = first.map_or(0, |first| row.arrivals.len() - first - 1);
        assert!(after == 0 || row.was_retried(), "sent after it was delivered: {}", row.describe());
    }
}

/// After a 410 only attempts already in flight reach the receiver.
fn gone_hooks_are_left_alone(run: &RunView<'_>) {
    if !run.plan.has_no_server_faults() {
        return;
    }
    for gone in run.records.arrivals.iter().filter(|arrival| arrival.answered == Some(410)) {
        let changes = &run.records.hooks[&gone.hook].changes;
        for later in run.records.arrivals.iter().filter(|later| later.hook == gone.hook) {
            let soon = later.at <= gone.at + 2 * ATTEMPT;
            let asked_back = changes
                .iter()
                .any(|change| change.to == To::On && (gone.tick..later.tick).contains(&change.called));
            assert!(soon || asked_back, "sent after a 410: {later:?}, {gone:?}");
        }
    }
}
