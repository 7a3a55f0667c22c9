//! A receiver that is down while events accumulate. Memory must not grow with them, and they must be delivered fast
//! afterwards.

use super::Bench;
use crate::Outcome;
use crate::load::{Closed, Receiver, ReceiverMode, Stamp};
use crate::machine::Memory;
use crate::report::{Limit, Section};
use crate::stats::real;
use crate::targets::{Footbridge, HookAt, Setup, free_address};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

const CONNECTIONS: u32 = 64;
/// Limit for the growth of memory between the first fifth and the complete backlog. Only caches may grow.
const GROWTH: Limit = Limit::AtMost(16.0);
const PEAK: Limit = Limit::AtMost(128.0);
/// Limit for a start with a backlog: it finds the pending deliveries and must not read them all.
const READY: Limit = Limit::AtMost(1000.0);
/// Time limit for the delivery of the backlog.
const DRAIN: Duration = Duration::from_mins(10);
/// The retry schedule: a short wait, as many times as a schedule may have entries, so that the receiver is soon found
/// when it is back.
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
    section.limited("RSS growth over four fifths", "MiB", &[whole.rss - part.rss], GROWTH);
    section.limited("RSS peak", "MiB", &[peak], PEAK);
    let used = server.cpu_seconds();
    sleep(Duration::from_secs(2));
    section.line("processor share while it stays down", "%", &[(server.cpu_seconds() - used) * 50.0]);
    let (server, ended_in) = server.restart(bench.workspace, bench.program)?;
    section.line("SIGTERM → ended", "ms", &[ended_in.as_secs_f64() * 1e3]);
    section.limited("start → ready with the backlog", "ms", &[server.started_in.as_secs_f64() * 1e3], READY);
    section.line("RSS right after that start", "MiB", &[server.memory().rss]);
    drain(&mut section, &server, address)?;
    Ok(section)
}

/// Publishes the events. Returns the memory at the end, the events per second and the largest RSS.
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
    let (pending, used, started) = (server.pending()?, server.cpu_seconds(), Instant::now());
    let receiver = Receiver::start(address, ReceiverMode::Answer)?;
    receiver.wait_for(1, DRAIN).ok_or("nothing was delivered after the receiver was back")?;
    section.line("receiver back → first delivery", "ms", &[started.elapsed().as_secs_f64() * 1e3]);
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
