//! The rate at which events are stored on the disk and acknowledged, while they are also delivered.

use super::{Bench, column, ratios};
use crate::Outcome;
use crate::load::{Closed, Open, Receiver, ReceiverMode, Stamp};
use crate::report::{Limit, Section};
use crate::stats::real;
use crate::targets::{Footbridge, HookAt, Redis, Setup, free_address};
use std::time::Duration;

const CONNECTIONS: u32 = 64;
/// The limit against Redis. A publish is one HTTP request and two indexed rows; Redis appends one line.
const RATE: Limit = Limit::AtLeast(0.5);
/// Expected rate of Redis, which sets its number of entries so that both turns take about as long.
const REDIS_PER_SECOND: u64 = 35_000;
/// Events per second for the end-to-end times.
const STEADY: u32 = 200;
/// Time limit for the deliveries of one turn after its end.
const DRAIN: Duration = Duration::from_mins(2);

#[derive(Debug, Clone, Copy)]
pub(super) struct PublishResult {
    pub(super) acked: f64,
    p50: f64,
    p99: f64,
    /// Deliveries per second while events were published, and until the last delivery.
    beside: f64,
    whole: f64,
    /// Processor time of one event with its delivery, in microseconds.
    pub(super) cpu: f64,
}

#[derive(Debug, Clone, Copy)]
struct Steady {
    ack: [f64; 2],
    receive: [f64; 2],
    late: u64,
}

pub(super) fn run(bench: &Bench<'_>) -> Outcome<Section> {
    let stamp = Stamp::new();
    let receiver = Receiver::start(free_address()?, ReceiverMode::Time(stamp))?;
    let setup = Setup { hooks: vec![HookAt(receiver.address())], ..Setup::default() };
    let footbridge = bench.footbridge(&setup)?;
    let unhooked = bench.footbridge(&Setup::default())?;
    let redis = Redis::start(bench.workspace)?;
    let about = format!(
        "1 KiB, {CONNECTIONS} connections, {} s a turn; Redis XADD, appendfsync always",
        bench.plan.secs
    );
    let mut section = Section::new("publish", about);
    let (mut ours, mut alone, mut theirs, mut steady) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.plan.pairs {
        ours.push(bench.quiet.turn(|| turn(bench, &footbridge, &receiver, stamp))?);
        theirs.push(bench.quiet.turn(|| redis.xadd(CONNECTIONS, REDIS_PER_SECOND * bench.plan.secs))?);
        alone.push(bench.quiet.turn(|| {
            let until = Closed::After(Duration::from_secs(bench.plan.secs));
            let found = unhooked.publisher(stamp).closed(CONNECTIONS, until)?;
            Ok(real(found.acked) / found.seconds)
        })?);
        steady.push(bench.quiet.turn(|| steadily(bench, &footbridge, &receiver, stamp))?);
    }
    let (acked, redis) = (column(&ours, |turn| turn.acked), column(&theirs, |found| found.per_second));
    section.line("footbridge, one hook", "acks/s", &acked);
    section.line("footbridge, no hook", "acks/s", &alone);
    section.line("redis", "acks/s", &redis);
    section.limited("one hook / redis", "", &ratios(&acked, &redis), RATE);
    section.line("no hook / redis", "", &ratios(&alone, &redis));
    section.line("footbridge ack p50", "µs", &column(&ours, |turn| turn.p50));
    section.line("footbridge ack p99", "µs", &column(&ours, |turn| turn.p99));
    section.line("redis ack p50", "µs", &column(&theirs, |found| found.p50));
    section.line("redis ack p99", "µs", &column(&theirs, |found| found.p99));
    section.line("deliveries beside publishing", "1/s", &column(&ours, |turn| turn.beside));
    section.line("deliveries until the last", "1/s", &column(&ours, |turn| turn.whole));
    section.line("cpu for an event and its delivery", "µs", &column(&ours, |turn| turn.cpu));
    section.line("cpu of redis for an entry", "µs", &column(&theirs, |found| found.cpu));
    report_steady(&mut section, &steady);
    section.line("memory after load (PSS)", "MiB", &[footbridge.memory().pss]);
    Ok(section)
}

/// Publishes without a pause and waits for the last delivery.
pub(super) fn turn(
    bench: &Bench<'_>,
    footbridge: &Footbridge,
    receiver: &Receiver,
    stamp: Stamp,
) -> Outcome<PublishResult> {
    let (before, used) = (receiver.requests(), footbridge.cpu_seconds());
    let until = Closed::After(Duration::from_secs(bench.plan.secs));
    let found = footbridge.publisher(stamp).closed(CONNECTIONS, until)?;
    let beside = real(receiver.requests() - before) / found.seconds;
    if found.refused > 0 {
        return Err(format!("{} publishes were refused", found.refused));
    }
    let after = footbridge.drained(DRAIN)?;
    drop(receiver.take_times());
    let whole = real(receiver.requests() - before) / (found.seconds + after.as_secs_f64());
    let cpu = (footbridge.cpu_seconds() - used) * 1e6 / real(found.acked);
    let [p50, p99] = found.acks.percentiles([50, 99]);
    Ok(PublishResult { acked: real(found.acked) / found.seconds, p50, p99, beside, whole, cpu })
}

fn steadily(
    bench: &Bench<'_>,
    footbridge: &Footbridge,
    receiver: &Receiver,
    stamp: Stamp,
) -> Outcome<Steady> {
    let open = Open { per_second: STEADY, during: Duration::from_secs(bench.plan.secs) };
    let found = footbridge.publisher(stamp).open(open)?;
    footbridge.drained(DRAIN)?;
    let receive = receiver.take_times().percentiles([50, 99]);
    Ok(Steady { ack: found.acks.percentiles([50, 99]), receive, late: found.late })
}

fn report_steady(section: &mut Section, steady: &[Steady]) {
    for (name, pick) in
        [("ack", (|turn| turn.ack) as fn(&Steady) -> [f64; 2]), ("publish→receive", |turn| turn.receive)]
    {
        section.line(format!("{name} at {STEADY}/s p50"), "µs", &column(steady, |turn| pick(turn)[0]));
        section.line(format!("{name} at {STEADY}/s p99"), "µs", &column(steady, |turn| pick(turn)[1]));
    }
    let late: u64 = steady.iter().map(|turn| turn.late).sum();
    if late > 0 {
        section.note(format!("{late} events at the steady rate left more than 5 ms late"));
    }
}
