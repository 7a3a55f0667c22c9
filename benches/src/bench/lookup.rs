//! The administration API over many stored events: how long lists, single events and steps of a search take.

use super::Bench;
use crate::Outcome;
use crate::load::{Closed, Publisher, Receiver, ReceiverMode, Stamp};
use crate::report::{Limit, Section};
use crate::stats::{Times, real};
use crate::targets::{Footbridge, HookAt, Setup, free_address};
use serde_json::Value;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

const CONNECTIONS: u32 = 64;
/// The share of events that are delivered: one in so many.
const HEARD: u64 = 10;
/// The numbers of dead deliveries, and of events for hooks whose queue stands.
const DEAD: u64 = 5_000;
const STANDING: u64 = 30;
const STANDING_HOOKS: usize = 3;
/// The numbers of apps without traffic, and of links among them.
const QUIET_APPS: usize = 13;
const LINKS: usize = 59;
/// How often each list is read.
const READS: usize = 40;
/// Time limit for the deliveries.
const SETTLED: Duration = Duration::from_mins(10);

const LIST: Limit = Limit::AtMost(150.0);
const ONE: Limit = Limit::AtMost(300.0);
const STEP: Limit = Limit::AtMost(1000.0);

/// Lists that screens show.
const LISTS: [&str; 16] = [
    "events",
    "events?q=name:measured",
    "events?q=app:superapp%20since:1h",
    "deliveries",
    "deliveries?status=dead",
    "deliveries?q=status:dead%20to:refuser",
    "deliveries?q=status:pending",
    "exchanges",
    "lanes",
    "apps",
    "links",
    "hooks",
    "audit",
    "attention",
    "stats/now",
    "stats/edges",
];

pub(super) fn run(bench: &Bench<'_>) -> Outcome<Section> {
    let events = bench.plan.events;
    let address = free_address()?;
    let _receiver = Receiver::start(address, ReceiverMode::Answer)?;
    let server = bench.footbridge(&Setup {
        hooks: vec![HookAt(address)],
        retry: Some("[\"1h\"]".to_owned()),
        tables: tables()?,
        ..Setup::default()
    })?;
    seed(&server, events)?;
    let about = format!(
        "{events} events, {DEAD} dead deliveries, {STANDING_HOOKS} queues that stand, 20 apps, 60 links"
    );
    let mut section = Section::new("lookup", about);
    for list in LISTS {
        let mut times = Times::default();
        for _ in 0..READS {
            times.push(timed(&server, list)?.0);
        }
        let [p95] = times.percentiles([95]);
        section.limited(format!("{list}, p95"), "ms", &[p95 / 1e3], LIST);
    }
    let oldest = read(&timed(&server, "events?order=asc&limit=1")?.1)?;
    let id = oldest.pointer("/data/0/id").and_then(Value::as_str).ok_or("there is no event")?;
    for path in [format!("events/{id}"), format!("events/{id}/story"), format!("search?q={id}")] {
        let took: Outcome<Vec<f64>> =
            (0..READS).map(|_| Ok(f64::from(timed(&server, &path)?.0) / 1e3)).collect();
        section.limited(path.replace(id, "ID"), "ms", &took?, ONE);
    }
    search(&mut section, &server)?;
    section.line("RSS at the end", "MiB", &[server.memory().rss]);
    Ok(section)
}

/// Searches all events for a value that none has, step by step, as the console does.
fn search(section: &mut Section, server: &Footbridge) -> Outcome<()> {
    let (mut cursor, mut steps, mut rows) = (String::new(), Vec::new(), 0);
    loop {
        let (micros, text) = timed(server, &format!("events?q=body.order:none{cursor}"))?;
        steps.push(f64::from(micros) / 1e3);
        let found = read(&text)?;
        rows += found.pointer("/searched/rows").and_then(Value::as_u64).unwrap_or_default();
        let Some(next) = found.get("next").and_then(Value::as_str) else { break };
        if found.pointer("/searched/to").is_none_or(Value::is_null) {
            return Err(format!("a step of the search does not tell how far it came: {text}"));
        }
        cursor = format!("&cursor={next}");
    }
    let slowest = steps.iter().copied().fold(0.0, f64::max);
    section.limited("slowest step of a search of bodies", "ms", &[slowest], STEP);
    section.line("steps of that search", "", &[real(steps.len() as u64)]);
    section.line("bodies that it read", "", &[real(rows)]);
    section.line("all of that search", "ms", &[steps.iter().sum()]);
    Ok(())
}

/// Publishes the events, and waits until all deliveries have ended that can.
fn seed(server: &Footbridge, events: u64) -> Outcome<()> {
    let publish = |event, count| {
        let publisher = Publisher { event, ..server.publisher(Stamp::new()) };
        let found = publisher.closed(CONNECTIONS, Closed::Events(count))?;
        if found.acked == count {
            Ok(())
        } else {
            Err(format!("{} of {count} events were accepted", found.acked))
        }
    };
    let heard = events / HEARD;
    let unheard = events.saturating_sub(heard + DEAD + STANDING);
    publish("noted", unheard / 2)?;
    publish("measured", heard)?;
    publish("refused", DEAD)?;
    publish("stands", STANDING)?;
    publish("noted", unheard - unheard / 2)?;
    let started = Instant::now();
    let stay = STANDING * STANDING_HOOKS as u64;
    while server.pending()? > stay {
        if started.elapsed() > SETTLED {
            return Err(format!("{} deliveries are still pending", server.pending()?));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// The apps and links of the configuration: one that the policy refuses, some that are down, some without traffic.
fn tables() -> Outcome<String> {
    let mut text = String::new();
    // Writing to a string never fails.
    let _ = write!(
        text,
        "[[app]]\nname = \"refuser\"\nhooks = {{ \"superapp/refused\" = {{ type = \"web\", route = \"http://localhost:9/x\" }} }}\n"
    );
    for number in 0..STANDING_HOOKS {
        let _ = write!(
            text,
            "[[app]]\nname = \"down-{number}\"\nurl = \"http://{}\"\nhooks = {{ \"superapp/stands\" = {{ route = \"in\", ordered = true }} }}\n",
            free_address()?
        );
    }
    for number in 0..QUIET_APPS {
        let _ = write!(text, "[[app]]\nname = \"quiet-{number}\"\n");
    }
    let pairs = (0..QUIET_APPS).flat_map(|host| (0..host).map(move |miniapp| (host, miniapp)));
    for (host, miniapp) in pairs.take(LINKS) {
        let _ = write!(text, "[[link]]\nhost = \"quiet-{host}\"\nminiapp = \"quiet-{miniapp}\"\n");
    }
    Ok(text)
}

/// Returns the microseconds that a request took, and its answer.
fn timed(server: &Footbridge, path: &str) -> Outcome<(u32, String)> {
    let started = Instant::now();
    let text = server.read(path)?;
    Ok((u32::try_from(started.elapsed().as_micros()).unwrap_or(u32::MAX), text))
}

fn read(text: &str) -> Outcome<Value> {
    serde_json::from_str(text).map_err(|error| format!("an answer is no JSON: {error}: {text}"))
}
