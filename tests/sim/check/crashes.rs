//! Oracle: after a crash a hook gets at most `in_flight` repeated deliveries.

use super::{Row, RunView};
use crate::history::Tick;
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::hook::AnswerRule;
use std::collections::BTreeMap;

pub(super) fn check(run: &RunView<'_>) {
    let mut begun = 0;
    for crash in &run.records.crashes {
        let mut unknown: BTreeMap<u64, usize> = BTreeMap::new();
        for row in run.rows.values().filter(|row| counts(row)) {
            if is_unknown(row, begun, *crash) {
                *unknown.entry(row.hook).or_default() += 1;
            }
        }
        for (hook, count) in unknown {
            let options = run.records.hooks[&hook].plan.options;
            let most = if options.ordered { 1 } else { usize::from(options.in_flight) };
            assert!(
                count <= most,
                "{count} of hook {hook} were delivered and not stored at {crash}, not {most}"
            );
        }
        begun = *crash;
    }
}

/// Optional answers and cancelled deliveries are left out: the lane does not wait for their results.
fn counts(row: &Row<'_>) -> bool {
    row.hook_history.plan.options.answer == AnswerRule::Required
        && row.view.delivery.status != DeliveryStatus::Cancelled
}

/// True if the receiver took it before this crash, and the result was not committed.
fn is_unknown(row: &Row<'_>, begun: Tick, crash: Tick) -> bool {
    row.arrivals.iter().any(|arrival| {
        let well = arrival.answered.is_some_and(|status| (200..300).contains(&status));
        let then = well && (begun..crash).contains(&arrival.answered_at);
        let late = row.view.attempts.iter().any(|made| made.n == arrival.attempt && made.status.is_none());
        let stored = row.ended.iter().any(|tick| (arrival.tick..crash).contains(tick));
        then && !late && !stored
    })
}
