//! Tests of counting, collecting, storing and reading.

use super::counter::AttemptCount;
use super::statistics::Collector;
use super::{GroupBy, Metric, SeriesQuery, Statistics, StatisticsError, TrafficCounter};
use crate::tests::kit::PausedClock;
use bytes::Bytes;
use footbridge_journal::memory::MemoryJournal;
use footbridge_journal::{Cluster as _, Journal, NodeCard, Statistics as _};
use footbridge_model::delivery::{Attempt, Next};
use footbridge_model::event::Event;
use footbridge_model::exchange::{Direction, ExchangeHead, ExchangeOutcome};
use footbridge_model::headers::PublishHeaders;
use footbridge_model::id::{EventId, ExchangeId};
use footbridge_model::lineage::Lineage;
use footbridge_model::name::{AppName, EventName};
use footbridge_model::provenance::Provenance;
use footbridge_model::time::{Clock, Millis};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

fn event(name: &str, clock: &PausedClock) -> Event {
    Event {
        id: EventId::from_number(1),
        name: EventName::trusted(name),
        publisher: AppName::trusted("shop"),
        body: Bytes::from_static(b"{}"),
        headers: PublishHeaders::default(),
        time: clock.now(),
        lineage: Lineage::default(),
        provenance: Provenance::default(),
    }
}

fn attempt(counter: &TrafficCounter, event: &Event, n: u32, next: &Next) {
    let attempt =
        Attempt { n, at: event.time, status: None, error: None, ms: 40, output: None, answer: None };
    counter.attempt(&AttemptCount { event, to: &AppName::trusted("mailer"), attempt: &attempt, next });
}

fn exchange(counter: &TrafficCounter, clock: &PausedClock) {
    let head = ExchangeHead {
        id: ExchangeId::from_number(1),
        direction: Direction::ToMiniapp,
        sender: AppName::trusted("host"),
        recipient: AppName::trusted("shop"),
        event_type: "pay".to_owned(),
        at: clock.now(),
        cause: None,
        provenance: Provenance::default(),
    };
    counter.exchange(&head, &ExchangeOutcome::Answered(Bytes::new()), 12);
}

/// A round time: the start of the clock.
const START: i64 = 1_800_000_000_000;

fn query(metric: Metric, by: GroupBy) -> SeriesQuery {
    let (since, until) = (Millis(START - 600_000), Millis(START + 600_000));
    SeriesQuery { metric, app: None, name: None, way: None, since, until, points: 20, by, scope: None }
}

async fn total(statistics: &Statistics, metric: Metric) -> f64 {
    let series = statistics.series(query(metric, GroupBy::Nothing)).await.unwrap();
    assert_eq!((series.step_ms, series.lines.len(), series.lines[0].points.len()), (60_000, 1, 20));
    series.lines[0].points.iter().flatten().sum()
}

async fn started(journal: &MemoryJournal, clock: &Arc<PausedClock>) -> Arc<Statistics> {
    let counter = Arc::new(TrafficCounter::new(true));
    let journal: Arc<dyn Journal> = Arc::new(journal.ungated());
    let clock: Arc<dyn Clock> = clock.clone();
    Arc::new(Statistics::start(&counter, &journal, &clock).await.unwrap())
}

#[tokio::test(start_paused = true)]
async fn traffic_is_counted_stored_and_found_after_a_restart() {
    let (journal, clock) = (MemoryJournal::new(), Arc::new(PausedClock::since(Instant::now())));
    journal.join(NodeCard { name: "one".to_owned(), address: None }, clock.now()).await.unwrap();
    let statistics = started(&journal, &clock).await;
    let (stop, draining) = watch::channel(false);
    let running =
        tokio::spawn(Collector { statistics: Arc::clone(&statistics), credentials: None }.run(draining));
    let (paid, counter) = (event("order-paid", &clock), &statistics.counter);
    for _ in 0..100 {
        counter.event(&paid);
    }
    for _ in 0..98 {
        attempt(counter, &paid, 1, &Next::Delivered);
    }
    attempt(counter, &paid, 1, &Next::Retry(clock.now()));
    attempt(counter, &paid, 2, &Next::Dead("503".to_owned()));
    exchange(counter, &clock);
    // Not stored yet, but read.
    assert!((total(&statistics, Metric::Accepted).await - 100.0).abs() < 0.01);
    let recent = statistics.recent();
    assert!((recent.rates[1] - 10.0).abs() < 0.01 && (recent.rates[2] - 0.1).abs() < 0.01, "{recent:?}");
    assert_eq!(recent.apps["mailer"].heard.ok, 98);
    assert_eq!(
        (recent.apps["shop"].last_said_at, recent.apps["host"].last_heard_at),
        (Some(clock.now()), None)
    );
    tokio::time::sleep(Duration::from_secs(61)).await;
    let stored = journal.traffic_edges().await.unwrap();
    assert_eq!(stored.len(), 3, "what is older than ten seconds is stored: {stored:?}");
    counter.event(&event("order-lost", &clock));
    assert!(statistics.recent().rates[1] > 0.0 && statistics.recent().rates[2] == 0.0);
    stop.send_replace(true);
    running.await.unwrap();
    statistics.save().await;

    let again = started(&journal, &clock).await;
    for (metric, expected) in [
        (Metric::Accepted, 101.0),
        (Metric::Delivered, 98.0),
        (Metric::Failed, 2.0),
        (Metric::Dead, 1.0),
        (Metric::Attempts, 100.0),
        (Metric::Exchanges, 1.0),
        (Metric::ExchangesFailed, 0.0),
    ] {
        let found = total(&again, metric).await;
        assert!((found - expected).abs() < 0.01, "{metric:?}: {found}");
    }
    let ratio = total(&again, Metric::FirstTryOk).await;
    assert!((ratio - 98.0 / 99.0).abs() < 0.001, "{ratio}");
    let p95 = total(&again, Metric::P95).await;
    assert!((30.0..=50.0).contains(&p95), "{p95}");
    assert_eq!(again.recent().apps["mailer"].last_heard_at, Some(Millis(START + 40)));
    let names = again.series(query(Metric::Accepted, GroupBy::Name)).await.unwrap();
    let labels: Vec<_> = names.lines.iter().map(|line| line.labels[0].1.as_str()).collect();
    assert_eq!(labels, ["order-paid", "order-lost"], "those with the most traffic first");
    let top = again.top(&query(Metric::Delivered, GroupBy::Edge), 5).await.unwrap();
    assert!(top.len() == 1 && (top[0].value - 98.0).abs() < 0.01, "{top:?}");
    let edges = again.edges(&query(Metric::Accepted, GroupBy::Edge)).await.unwrap();
    assert_eq!(edges.iter().map(|row| row.edge.to.as_str()).collect::<Vec<_>>(), ["", "mailer", "shop", ""]);
}

#[tokio::test(start_paused = true)]
async fn statistics_that_are_off_count_nothing_and_say_so() {
    let paused = Arc::new(PausedClock::since(Instant::now()));
    let clock: Arc<dyn Clock> = paused.clone();
    let counter = Arc::new(TrafficCounter::new(false));
    counter.event(&event("order-paid", &paused));
    counter.collect(|edge, _| panic!("{edge:?}"));
    let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::new());
    let statistics = Statistics::start(&counter, &journal, &clock).await.unwrap();
    let error = statistics.series(query(Metric::Dead, GroupBy::Nothing)).await.unwrap_err();
    assert_eq!(error, StatisticsError::Off);
}

#[tokio::test(start_paused = true)]
async fn what_exceeds_the_number_of_edges_is_counted_as_other() {
    let (journal, clock) = (MemoryJournal::new(), Arc::new(PausedClock::since(Instant::now())));
    journal.join(NodeCard { name: "one".to_owned(), address: None }, clock.now()).await.unwrap();
    let statistics = started(&journal, &clock).await;
    let most = u32::try_from(super::ledger::MAX_EDGES).unwrap();
    for number in 0..most + 500 {
        statistics.counter.event(&event(&format!("name-{number}"), &clock));
        if number % 5000 == 0 {
            statistics.recent();
        }
    }
    statistics.save().await;
    let edges = statistics.edges(&query(Metric::Accepted, GroupBy::Edge)).await.unwrap();
    assert_eq!(edges.len(), super::ledger::MAX_EDGES + 1);
    assert!(edges[0].edge.is_other() && edges[0].sums.events == 500, "{:?}", edges[0]);
}
