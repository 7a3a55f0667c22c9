//! A receiver that is down while events pile up: memory must not grow with them, and they must go out fast after.

use super::Bench;
use crate::Outcome;
use crate::load::{Closed, Manner, Receiver, Stamp};
use crate::machine::Memory;
use crate::report::{Bar, Section};
use crate::stats::real;
use crate::targets::{Footbridge, HookAt, Setup, free_address};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

const CONNECTIONS: u32 = 64;
/// Between the first fifth and the whole of a backlog memory may grow by this much: caches fill, backlogs do not count.
const GROWTH: Bar = Bar::AtMost(16.0);
const PEAK: Bar = Bar::AtMost(128.0);
/// A start looks for what is pending and must not read it all.
const READY: Bar = Bar::AtMost(1000.0);
/// How long going out may take.
const DRAIN: Duration = Duration::from_mins(10);
/// Tried again every few seconds, as often as a schedule may say, so that the receiver is found when it is back.
const RETRY: &str = "\"2s\"";
const RETRIES: usize = 100;

pub(super) fn run(bench: &Bench<'_>) -> Outcome<Section> {
    let events = bench.plan.events;
    let mut section =
        Section::new("backlog", format!("{events} events of 1 KiB to one hook whose receiver is down"));
    let address = free_address()?;
    let retry = Some(format!("[{}]", [RETRY; RETRIES].join(", ")));
    let server = bench.footbridge(&Setup { hooks: vec![HookAt(address)], retry, ..Setup::default() })?;
    let before = server.memory().rss;
    let (part, part_rate, _) = pile_up(&server, events / 5)?;
    let (whole, rate, peak) = pile_up(&server, events - events / 5)?;
    section.line("accepted, first fifth", "acks/s", &[part_rate]);
    section.line("accepted, the rest", "acks/s", &[rate]);
    section.line("RSS before", "MiB", &[before]);
    section.line("RSS with a fifth of it", "MiB", &[part.rss]);
    section.line("RSS with all of it", "MiB", &[whole.rss]);
    section.judged("RSS growth over four fifths", "MiB", &[whole.rss - part.rss], GROWTH);
    section.judged("RSS peak", "MiB", &[peak], PEAK);
    let used = server.cpu_seconds();
    sleep(Duration::from_secs(2));
    section.line("processor share while it stays down", "%", &[(server.cpu_seconds() - used) * 50.0]);
    let (server, ended_in) = server.restart(bench.stage, bench.program)?;
    section.line("SIGTERM → ended", "ms", &[ended_in.as_secs_f64() * 1e3]);
    section.judged("start → ready with the backlog", "ms", &[server.started_in.as_secs_f64() * 1e3], READY);
    section.line("RSS right after that start", "MiB", &[server.memory().rss]);
    drain(&mut section, &server, address)?;
    Ok(section)
}

/// Publishes; what memory was used in the end, how fast it went, and the largest RSS.
fn pile_up(server: &Footbridge, events: u64) -> Outcome<(Memory, f64, f64)> {
    let over = AtomicBool::new(false);
    let (found, peak) = scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut peak: f64 = 0.0;
            while !over.load(Ordering::Relaxed) {
                peak = peak.max(server.memory().rss);
                sleep(Duration::from_millis(200));
            }
            peak
        });
        let found = server.publisher(Stamp::new()).closed(CONNECTIONS, Closed::Events(events));
        over.store(true, Ordering::Relaxed);
        (found, watcher.join().unwrap_or_default())
    });
    let found = found?;
    if found.acked != events {
        return Err(format!("{} of {events} events were accepted", found.acked));
    }
    let memory = server.memory();
    Ok((memory, real(found.acked) / found.seconds, peak.max(memory.rss)))
}

fn drain(section: &mut Section, server: &Footbridge, address: std::net::SocketAddr) -> Outcome<()> {
    let (pending, used, begun) = (server.pending()?, server.cpu_seconds(), Instant::now());
    let receiver = Receiver::start(address, Manner::Answer)?;
    receiver.wait_for(1, DRAIN).ok_or("nothing was delivered after the receiver was back")?;
    section.line("receiver back → first delivery", "ms", &[begun.elapsed().as_secs_f64() * 1e3]);
    let first = Instant::now();
    server.drained(DRAIN)?;
    let rate = real(pending) / first.elapsed().as_secs_f64();
    section.line("deliveries while it drains", "1/s", &[rate]);
    section.line("cpu for one of them", "µs", &[(server.cpu_seconds() - used) * 1e6 / real(pending)]);
    section.line("RSS when it is empty", "MiB", &[server.memory().rss]);
    let twice = receiver.requests().saturating_sub(pending);
    if twice > 0 {
        section.note(format!("{twice} deliveries came twice"));
    }
    Ok(())
}
