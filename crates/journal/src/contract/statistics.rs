//! Tests of statistics, and of the counts of dead and pending deliveries.

use super::given::{START, at, attempt, ended, event, hook, hook_id, name};
use super::{Owner as _, Subject};
use crate::{
    DeliveryResult, EventLog as _, Grouping, HOURS_KEPT, MINUTES_KEPT, Resolution, Statistics as _, Traffic,
    TrafficQuery,
};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::time::Millis;
use footbridge_model::traffic::{Edge, Sums, Way};
use std::time::Duration;

/// The beginning of an hour.
const HOUR: i64 = START - START % 3_600_000;

fn traffic(to: &str, minute: i64, ok: u64, failed: u64) -> Traffic {
    let edge = Edge { from: "camera".into(), name: "photo-saved".into(), to: to.into(), way: Way::Publish };
    let begin = Millis(HOUR + minute * 60_000);
    let mut sums = Sums { ok, failed, last_at: Millis(begin.0 + 1), ..Sums::default() };
    (0..ok).for_each(|_| sums.latencies.add(40));
    Traffic { edge, begin, sums }
}

fn query(resolution: Resolution, until: i64, by: Grouping) -> TrafficQuery {
    TrafficQuery {
        resolution,
        since: Millis(HOUR),
        until: Millis(HOUR + until * 60_000),
        step_ms: resolution.ms(),
        app: None,
        name: None,
        way: None,
        by,
        patience: Duration::from_mins(1),
    }
}

async fn sums<S: Subject>(subject: &S, query: TrafficQuery) -> Vec<(String, i64, u64, u64)> {
    let found = subject.store().traffic(query).await.unwrap().unwrap();
    let shown = |row: Traffic| (row.edge.to, (row.begin.0 - HOUR) / 60_000, row.sums.ok, row.sums.failed);
    found.into_iter().map(shown).collect()
}

/// Sums add up, by minute and by hour, survive a restart, and are deleted when they are old.
pub async fn traffic_is_summed_up<S: Subject>(mut subject: S) {
    let to = Grouping { to: true, ..Grouping::default() };
    let store = subject.store();
    store.add_traffic(vec![traffic("shop", 0, 2, 0), traffic("fax", 0, 1, 0)]).await.unwrap();
    store.add_traffic(vec![traffic("shop", 0, 3, 1), traffic("shop", 1, 5, 0)]).await.unwrap();
    store.add_traffic(vec![traffic("shop", 61, 7, 0)]).await.unwrap();
    subject.reopen().await;
    let minutes = || query(Resolution::Minute, 60, to);
    let expected = [("fax", 0, 1, 0), ("shop", 0, 5, 1), ("shop", 1, 5, 0)];
    assert_eq!(sums(&subject, minutes()).await, expected.map(|(to, at, ok, no)| (to.into(), at, ok, no)));
    let hours = sums(&subject, query(Resolution::Hour, 120, Grouping::default())).await;
    assert_eq!(hours, [(String::new(), 0, 11, 1), (String::new(), 60, 7, 0)]);
    let of_fax = TrafficQuery { app: Some(name("FAX")), ..minutes() };
    assert_eq!(sums(&subject, of_fax).await.len(), 1);
    let of_name = |pattern: &str| TrafficQuery { name: Some(pattern.to_owned()), ..minutes() };
    assert_eq!(sums(&subject, of_name("photo-*")).await.len(), 3);
    assert!(sums(&subject, of_name("order-*")).await.is_empty());
    assert!(sums(&subject, TrafficQuery { way: Some(Way::Page), ..minutes() }).await.is_empty());
    let found = subject.store().traffic(minutes()).await.unwrap().unwrap();
    assert_eq!(found[0].sums.latencies.quantile(0.5), Some(40.0));
    let mut edges = subject.store().traffic_edges().await.unwrap();
    edges.sort();
    assert_eq!(edges.iter().map(|(edge, _)| edge.to.as_str()).collect::<Vec<_>>(), ["fax", "shop"]);
    assert_eq!(edges[1].1, Millis(HOUR + 61 * 60_000 + 1));

    // The first minute is one too old.
    let prune = async |subject: &S, now| {
        while subject.store().prune_before(at(0), at(0), now).await.unwrap() {}
    };
    prune(&subject, Millis(HOUR + 60_000).plus(MINUTES_KEPT)).await;
    assert_eq!(sums(&subject, minutes()).await, [("shop".to_owned(), 1, 5, 0)]);
    assert_eq!(sums(&subject, query(Resolution::Hour, 120, to)).await.len(), 3);
    prune(&subject, Millis(HOUR + 200 * 60_000).plus(HOURS_KEPT)).await;
    assert!(subject.store().traffic_edges().await.unwrap().is_empty());
}

/// Dead and pending deliveries are counted by hook.
pub async fn deliveries_are_counted_by_hook<S: Subject>(subject: S) {
    let mut ordered = hook(2);
    ordered.options.ordered = true;
    for hook in [hook(1), ordered, hook(3)] {
        subject.store().put_hook(hook).await.unwrap();
    }
    subject.store().append(event(10, &[1, 1, 1, 2, 2])).await.unwrap();
    let retried = DeliveryResult {
        attempt: Some(attempt(1, Some(503), Some("the receiver answered 503"))),
        next_attempt_at: Some(at(9000)),
        ..ended(14, DeliveryStatus::Pending)
    };
    let results = vec![ended(11, DeliveryStatus::Dead), ended(12, DeliveryStatus::Dead), retried];
    subject.store().record_owned(results).await.unwrap();
    let dead = subject.store().dead_deliveries(9).await.unwrap();
    let [dead] = &dead[..] else { panic!("{dead:?}") };
    assert_eq!((dead.hook, dead.app.as_str(), dead.count, dead.first.number()), (hook_id(1), "shop", 2, 11));
    assert_eq!(dead.codes.iter().map(|(_, count)| count).sum::<u64>(), 2);
    let waiting = subject.store().waiting_deliveries(None, 9).await.unwrap();
    let shown: Vec<_> =
        waiting.iter().map(|row| (row.hook, row.count, row.head.number(), row.attempts)).collect();
    // The head of an ordered hook is its first delivery, although another is due earlier.
    assert_eq!(shown, [(hook_id(1), 1, 13, 0), (hook_id(2), 2, 14, 1)]);
    assert_eq!((waiting[1].due, waiting[1].last_status), (at(9000), Some(503)));
    assert_eq!(subject.store().waiting_deliveries(Some(hook_id(1)), 9).await.unwrap().len(), 1);
    assert_eq!(subject.store().waiting_deliveries(None, 1).await.unwrap().len(), 1);
}
