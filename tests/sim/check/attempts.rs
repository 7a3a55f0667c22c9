//! Oracle: attempts keep to the retry schedule.

use super::{Row, RunView};
use crate::plan::WAITS;
use footbridge_model::retry::JITTER;
use std::time::Duration;

/// Tolerance for rounding to milliseconds.
const ROUNDED: Duration = Duration::from_millis(2);

pub(super) fn check(run: &RunView<'_>) {
    for row in run.rows.values().filter(|row| !row.was_retried()) {
        receivers_are_left_alone(run, row);
        if run.plan.clock_jumps.is_empty() {
            kept_attempts_are_apart(row);
        }
    }
}

/// The shortest allowed wait after attempt number `attempt`.
fn least(attempt: u32, asked: Option<Duration>) -> Duration {
    let wait = WAITS[attempt as usize - 1];
    let asked = asked.map(|asked| asked.clamp(wait, 2 * wait));
    asked.unwrap_or_else(|| wait.mul_f64(1.0 - JITTER)).saturating_sub(ROUNDED)
}

fn receivers_are_left_alone(run: &RunView<'_>, row: &Row<'_>) {
    for (place, later) in row.arrivals.iter().enumerate() {
        let before = row.arrivals[..place].iter().rev().find(|before| before.attempt + 1 == later.attempt);
        let Some(before) = before else { continue };
        let passed = later.at.saturating_sub(before.at) + run.plan.set_forward(before.at..later.at);
        let least = least(before.attempt, before.asked);
        assert!(passed >= least, "{passed:?} instead of {least:?}: {before:?}, {later:?}");
    }
}

fn kept_attempts_are_apart(row: &Row<'_>) {
    for pair in row.view.attempts.windows(2) {
        let ended = pair[0].at.plus(Duration::from_millis(pair[0].ms.into()));
        let passed = ended.until(pair[1].at);
        assert!(passed >= least(pair[0].n, None), "too soon: {}", row.describe());
    }
}
