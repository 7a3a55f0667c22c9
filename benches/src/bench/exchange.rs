//! The rate of exchanges with all checks, compared with a proxy that makes the same two hops without checks.

use super::{Bench, column, ratios};
use crate::Outcome;
use crate::load::{Load, Receiver, ReceiverMode, wrk};
use crate::machine::cpu_seconds;
use crate::report::{Limit, Section};
use crate::targets::{Nginx, Setup, authorization, exchange_body, free_address};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

const PATH: &str = "/api/v1/event-bridge/hostapp/";
/// Limits beyond which Footbridge costs more than its checks explain.
const RATE: Limit = Limit::AtLeast(0.75);
const CPU: Limit = Limit::AtMost(1.2);
const LATENCY: Limit = Limit::AtMost(2.0);

#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    pub(super) address: SocketAddr,
    /// The process whose processor time is measured.
    pub(super) process: Option<u32>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct ExchangeResult {
    pub(super) per_second: f64,
    p50: f64,
    p99: f64,
    /// Processor time of one request, in microseconds.
    pub(super) cpu: f64,
}

struct Round<'a> {
    bench: &'a Bench<'a>,
    dir: PathBuf,
    footbridge: Target,
    nginx: Target,
    direct: Target,
}

/// The results of the three targets with one number of connections.
#[derive(Default)]
struct ExchangeResults {
    footbridge: Vec<ExchangeResult>,
    nginx: Vec<ExchangeResult>,
    direct: Vec<ExchangeResult>,
}

pub(super) fn run(bench: &Bench<'_>) -> Outcome<Section> {
    let receiver = Receiver::start(free_address()?, ReceiverMode::Answer)?;
    let setup = Setup { receiver: Some(receiver.address()), ..Setup::default() };
    let footbridge = bench.footbridge(&setup)?;
    let nginx = Nginx::start(bench.workspace, receiver.address())?;
    let round = Round {
        bench,
        dir: bench.workspace.dir("wrk")?,
        footbridge: Target { address: footbridge.address, process: Some(footbridge.program.id()) },
        nginx: Target { address: nginx.address, process: Some(nginx.program.id()) },
        direct: Target { address: receiver.address(), process: None },
    };
    let about = format!("{} B JSON, wrk with 1 thread, {} s a turn", exchange_body().len(), bench.plan.secs);
    let mut section = Section::new("exchange", about);
    for target in [round.footbridge, round.nginx, round.direct] {
        round.load(target, 16, 1)?;
    }
    for connections in [64, 16] {
        busy(&mut section, connections, &round.turns(connections)?);
    }
    alone(&mut section, &round.turns(1)?);
    let memory = footbridge.memory();
    section.line("memory after load (PSS)", "MiB", &[memory.pss]);
    Ok(section)
}

impl Round<'_> {
    fn turns(&self, connections: u32) -> Outcome<ExchangeResults> {
        let mut turns = ExchangeResults::default();
        let turn = |target| self.bench.quiet.turn(|| self.load(target, connections, self.bench.plan.secs));
        for _ in 0..self.bench.plan.pairs {
            turns.footbridge.push(turn(self.footbridge)?);
            turns.nginx.push(turn(self.nginx)?);
            turns.direct.push(turn(self.direct)?);
        }
        Ok(turns)
    }

    fn load(&self, target: Target, connections: u32, seconds: u64) -> Outcome<ExchangeResult> {
        load(target, connections, seconds, &self.dir)
    }
}

/// Sends exchanges to `target` without a pause.
pub(super) fn load(target: Target, connections: u32, seconds: u64, dir: &Path) -> Outcome<ExchangeResult> {
    let used = || target.process.map_or(0.0, cpu_seconds);
    let before = used();
    let (authorization, body) = (&*authorization(), &*exchange_body());
    let load = Load { address: target.address, path: PATH, authorization, body, connections, seconds };
    let found = wrk(&load, dir)?;
    let cpu = (used() - before) * 1e6 / found.requests;
    Ok(ExchangeResult { per_second: found.per_second, p50: found.p50, p99: found.p99, cpu })
}

fn busy(section: &mut Section, connections: u32, turns: &ExchangeResults) {
    let rates =
        [&turns.footbridge, &turns.nginx, &turns.direct].map(|turns| column(turns, |turn| turn.per_second));
    let [footbridge, nginx, direct] = &rates;
    section.line(format!("c{connections} footbridge"), "req/s", footbridge);
    section.line(format!("c{connections} nginx"), "req/s", nginx);
    section.line(format!("c{connections} direct"), "req/s", direct);
    section.limited(format!("c{connections} footbridge / nginx"), "", &ratios(footbridge, nginx), RATE);
    let [ours, theirs] = [&turns.footbridge, &turns.nginx].map(|turns| column(turns, |turn| turn.cpu));
    section.line(format!("c{connections} footbridge cpu"), "µs/req", &ours);
    section.line(format!("c{connections} nginx cpu"), "µs/req", &theirs);
    section.limited(format!("c{connections} cpu / nginx"), "", &ratios(&ours, &theirs), CPU);
    for (name, turns) in [("footbridge", &turns.footbridge), ("nginx", &turns.nginx)] {
        section.line(format!("c{connections} {name} p50"), "µs", &column(turns, |turn| turn.p50));
        section.line(format!("c{connections} {name} p99"), "µs", &column(turns, |turn| turn.p99));
    }
}

fn alone(section: &mut Section, turns: &ExchangeResults) {
    let middles =
        [&turns.footbridge, &turns.nginx, &turns.direct].map(|turns| column(turns, |turn| turn.p50));
    let [footbridge, nginx, direct] = &middles;
    section.line("c1 footbridge p50", "µs", footbridge);
    section.line("c1 nginx p50", "µs", nginx);
    section.line("c1 direct p50", "µs", direct);
    section.limited("c1 p50 footbridge / direct", "", &ratios(footbridge, direct), LATENCY);
}
