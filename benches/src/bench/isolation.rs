//! The effect of one hanging subscriber on the other subscribers of an event.

use super::{Bench, column, ratios};
use crate::Outcome;
use crate::load::{Open, Receiver, ReceiverMode, Stamp};
use crate::report::{Limit, Section};
use crate::targets::{HookAt, Setup, free_address};
use std::time::Duration;

const HOOKS: usize = 20;
/// Events per second: enough to fill the deliveries in flight of a hanging hook at once.
const RATE: u32 = 50;
const MIDDLE: Limit = Limit::AtMost(1.25);
/// The limit for p99, which is noisy with so few events.
const TAIL: Limit = Limit::AtMost(2.0);
/// Time limit for the last deliveries.
const LAST: Duration = Duration::from_secs(10);

pub(super) fn run(bench: &Bench<'_>) -> Outcome<Section> {
    let about = format!(
        "{RATE} events/s to {HOOKS} hooks, {} s a turn; publish→receive of the others",
        bench.plan.secs
    );
    let mut section = Section::new("isolation", about);
    let (mut all_well, mut one_hangs) = (Vec::new(), Vec::new());
    for _ in 0..bench.plan.pairs {
        all_well.push(bench.quiet.turn(|| turn(bench, false))?);
        one_hangs.push(bench.quiet.turn(|| turn(bench, true))?);
    }
    for (at, percent, limit) in [(0, 50, MIDDLE), (1, 99, TAIL)] {
        let pick = |turn: &[f64; 2]| turn.get(at).copied().unwrap_or_default();
        let (well, hangs) = (column(&all_well, pick), column(&one_hangs, pick));
        section.line(format!("p{percent}, none hangs"), "µs", &well);
        section.line(format!("p{percent}, one hangs"), "µs", &hangs);
        section.limited(format!("p{percent} one hangs / none"), "", &ratios(&hangs, &well), limit);
    }
    Ok(section)
}

/// Measures with a new server, so that pending deliveries of one turn do not affect the next one.
fn turn(bench: &Bench<'_>, hangs: bool) -> Outcome<[f64; 2]> {
    let stamp = Stamp::new();
    let well = Receiver::start(free_address()?, ReceiverMode::Time(stamp))?;
    let hanging = Receiver::start(free_address()?, ReceiverMode::Hang)?;
    let mut hooks = vec![HookAt(well.address()); HOOKS];
    if let Some(last) = hooks.last_mut().filter(|_| hangs) {
        *last = HookAt(hanging.address());
    }
    let healthy = u64::try_from(HOOKS - usize::from(hangs)).unwrap_or(u64::MAX);
    let server = bench.footbridge(&Setup { hooks, ..Setup::default() })?;
    let open = Open { per_second: RATE, during: Duration::from_secs(bench.plan.secs) };
    let found = server.publisher(stamp).open(open)?;
    let expected = found.acked * healthy;
    if well.wait_for(expected, LAST).is_none() {
        return Err(format!("{} of {expected} deliveries to healthy hooks came", well.requests()));
    }
    Ok(well.take_times().percentiles([50, 99]))
}
