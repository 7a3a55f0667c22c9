//! How long a step of a search takes in a large journal. Run with `--run-ignored all --no-capture` to see the times.
#![allow(clippy::print_stdout, reason = "it measures times")]

use super::{database, hook, open};
use footbridge_journal::contract::Owner as _;
use footbridge_journal::{Budget, DeliveryFilter, EventFilter, Found, History as _, Journal as _, Search};
use footbridge_model::query::Query;
use rusqlite::Connection;
use std::path::Path;
use std::time::{Duration, Instant};

const EVENTS: u64 = 1_000_000;
const STEP: Duration = Duration::from_millis(120);

/// Writes a million events of 20 publishers with one delivery each, of which every 200th is dead.
fn fill(path: &Path) {
    let conn = Connection::open(path).unwrap();
    let numbers =
        format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {EVENTS})");
    let padding = "x".repeat(400);
    conn.execute_batch(&format!(
        "BEGIN;
         INSERT INTO events (id, time, publisher, name, deliveries, body) {numbers}
             SELECT i << 22, i, 'app-' || (i % 20), 'order-' || (i % 7), 1,
                    CAST('{{\"order\":{{\"id\":' || i || ',\"note\":\"{padding}\"}}}}' AS BLOB) FROM n;
         INSERT INTO deliveries (id, event_id, hook_id, status, ordered, attempts, attempts_base, last_status, last_error, last_ms) {numbers}
             SELECT (i << 22) + 1, i << 22, i % 4 + 1, CASE WHEN i % 200 = 0 THEN 3 ELSE 1 END, 0, 1, 0,
                    CASE WHEN i % 200 = 0 THEN 503 ELSE 200 END,
                    CASE WHEN i % 200 = 0 THEN 'the receiver answered 503' END, i % 900 FROM n;
         COMMIT; PRAGMA wal_checkpoint(TRUNCATE);"
    ))
    .unwrap();
}

fn summary<T>(query: &str, found: &Found<T>, took: Duration) -> Duration {
    let Found { rows, looked_at, next, stopped } = found;
    println!(
        "{took:>12.1?} {:>4} rows of {looked_at:>8}, more: {:<5} {query}",
        rows.len(),
        next.is_some() && *stopped
    );
    took
}

#[tokio::test]
#[ignore = "takes a minute; measures time"]
async fn a_step_is_short_in_a_journal_of_a_million_events() {
    let directory = tempfile::tempdir().unwrap();
    let journal = open(&database(&directory)).unwrap();
    for number in 1..=4 {
        journal.put_hook(hook(number)).await.unwrap();
    }
    journal.close().await.unwrap();
    drop(journal);
    fill(&database(&directory));
    let journal = open(&database(&directory)).unwrap();
    let search = |query: &str| {
        let budget = Budget { time: Some(STEP), rows: u64::MAX };
        Search { query: Query::parse(query).unwrap(), budget, ..Search::all(None, 50) }
    };
    let mut times = Vec::new();
    for query in [
        "",
        "app:app-3",
        "name:order-5*",
        "status:dead",
        "app:app-3 -status:delivered",
        "error:nowhere",
        "body.order.id:999000",
        "body.order.id:1",
        "trace:4bf92f3577b34da6a3ce929d0e0e4736",
        "id:evt_00000fd0g0000",
    ] {
        let begun = Instant::now();
        let found = journal.search_events(EventFilter::default(), search(query)).await.unwrap();
        times.push(summary(&format!("events {query}"), &found, begun.elapsed()));
    }
    for query in [
        "",
        "status:dead",
        "status:dead code:503 error:ANSWERED",
        "status:dead body.order.id:200",
        "status:pending",
        "app:app-3 took:>800ms",
        "to:nobody",
    ] {
        let begun = Instant::now();
        let found = journal.search_deliveries(DeliveryFilter::default(), search(query)).await.unwrap();
        times.push(summary(&format!("deliveries {query}"), &found, begun.elapsed()));
    }
    let begun = Instant::now();
    let (mut steps, mut after, mut found) = (0, None, 0);
    loop {
        let step = Search { after, ..search("body.order.id:1") };
        let one = journal.search_events(EventFilter::default(), step).await.unwrap();
        (steps, after, found) = (steps + 1, one.next, found + one.rows.len());
        if after.is_none() {
            break;
        }
    }
    println!("{:>12.1?} for all {steps} steps of a search of bodies", begun.elapsed());
    assert_eq!(found, 1);
    // A busy machine may be slow, but no step runs on and on.
    assert!(times.iter().all(|took| *took < Duration::from_secs(1)), "{times:?}");
}
