//! A crash makes a receiver hear again of no more than its hook may have in flight.

use super::{Case, Row};
use crate::ledger::Tick;
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::hook::AnswerRule;
use std::collections::BTreeMap;

pub(super) fn check(case: &Case<'_>) {
    let mut begun = 0;
    for crash in &case.book.crashes {
        let mut unknown: BTreeMap<u64, usize> = BTreeMap::new();
        for row in case.rows.values().filter(|row| counts(row)) {
            if is_unknown(row, begun, *crash) {
                *unknown.entry(row.hook).or_default() += 1;
            }
        }
        for (hook, count) in unknown {
            let options = case.book.hooks[&hook].plan.options;
            let most = if options.ordered { 1 } else { usize::from(options.in_flight) };
            assert!(
                count <= most,
                "{count} of hook {hook} were delivered and not kept at {crash}, not {most}"
            );
        }
        begun = *crash;
    }
}

/// A lane goes on without an answer that need not come, and what is cancelled has no result.
fn counts(row: &Row<'_>) -> bool {
    row.story.plan.options.answer == AnswerRule::Required
        && row.view.delivery.status != DeliveryStatus::Cancelled
}

/// Whether its receiver took it in the life that ended with this crash, and the disk does not know.
fn is_unknown(row: &Row<'_>, begun: Tick, crash: Tick) -> bool {
    row.arrivals.iter().any(|arrival| {
        let well = arrival.answered.is_some_and(|status| (200..300).contains(&status));
        let then = well && (begun..crash).contains(&arrival.answered_at);
        let late = row.view.attempts.iter().any(|made| made.n == arrival.attempt && made.status.is_none());
        let kept = row.ended.iter().any(|tick| (arrival.tick..crash).contains(tick));
        then && !late && !kept
    })
}
