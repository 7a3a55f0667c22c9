//! Two builds of Footbridge, turn by turn: what a change costs or gains.

use super::exchange::{self, ExchangeResult, Target};
use super::publish::{self, PublishResult};
use super::{Bench, column, ratios};
use crate::Outcome;
use crate::load::{Receiver, ReceiverMode, Stamp};
use crate::report::Section;
use crate::targets::{Footbridge, HookAt, Setup, free_address};
use std::path::Path;

/// One build and what it did in its turns.
struct Build {
    exchanging: Footbridge,
    publishing: Footbridge,
    at_64: Vec<ExchangeResult>,
    at_16: Vec<ExchangeResult>,
    published: Vec<PublishResult>,
}

pub(super) fn run(bench: &Bench<'_>) -> Outcome<Section> {
    let against = bench.against.ok_or("compare needs another build: --against FILE")?;
    let stamp = Stamp::new();
    let answers = Receiver::start(free_address()?, ReceiverMode::Answer)?;
    let hears = Receiver::start(free_address()?, ReceiverMode::Time(stamp))?;
    let dir = bench.workspace.dir("wrk")?;
    let start = |program| {
        let receiver = Some(answers.address());
        let exchanging = bench.build(program, &Setup { receiver, ..Setup::default() })?;
        let hooks = vec![HookAt(hears.address())];
        let publishing = bench.build(program, &Setup { hooks, ..Setup::default() })?;
        exchange(&exchanging, 16, 1, &dir)?;
        let (at_64, at_16, published) = (Vec::new(), Vec::new(), Vec::new());
        Ok::<_, String>(Build { exchanging, publishing, at_64, at_16, published })
    };
    let mut builds = [start(against)?, start(bench.program)?];
    let secs = bench.plan.secs;
    for pair in 0..bench.plan.pairs {
        let mut order: Vec<&mut Build> = builds.iter_mut().collect();
        // The speed of the machine drifts, so each build is the first in every other pair.
        if pair % 2 == 1 {
            order.reverse();
        }
        for build in &mut order {
            build.at_64.push(bench.quiet.turn(|| exchange(&build.exchanging, 64, secs, &dir))?);
        }
        for build in &mut order {
            build.at_16.push(bench.quiet.turn(|| exchange(&build.exchanging, 16, secs, &dir))?);
        }
        for build in &mut order {
            let turn = || publish::turn(bench, &build.publishing, &hears, stamp);
            build.published.push(bench.quiet.turn(turn)?);
        }
    }
    Ok(section(bench, &builds))
}

fn exchange(server: &Footbridge, connections: u32, seconds: u64, dir: &Path) -> Outcome<ExchangeResult> {
    let target = Target { address: server.address, process: Some(server.program.id()) };
    exchange::load(target, connections, seconds, dir)
}

fn section(bench: &Bench<'_>, builds: &[Build; 2]) -> Section {
    let mut section =
        Section::new("compare", format!("{} s a turn, this build over the other", bench.plan.secs));
    let mut line = |name: &str, unit: &'static str, value: &dyn Fn(&Build) -> Vec<f64>| {
        let [other, this] = builds.each_ref().map(value);
        section.line(format!("{name}, other"), unit, &other);
        section.line(format!("{name}, this"), unit, &this);
        section.line(format!("{name}, this / other"), "", &ratios(&this, &other));
    };
    line("exchange c64", "req/s", &|build| column(&build.at_64, |turn| turn.per_second));
    line("exchange c64 cpu", "µs/req", &|build| column(&build.at_64, |turn| turn.cpu));
    line("exchange c16", "req/s", &|build| column(&build.at_16, |turn| turn.per_second));
    line("exchange c16 cpu", "µs/req", &|build| column(&build.at_16, |turn| turn.cpu));
    line("publish, one hook", "acks/s", &|build| column(&build.published, |turn| turn.acked));
    line("publish cpu", "µs/event", &|build| column(&build.published, |turn| turn.cpu));
    section
}
