//! Searches: what a query finds, and where a search stops and goes on.

use super::given::{at, attempt, delivery_id, ended, event, head, hook, name};
use super::{Owner as _, Subject};
use crate::{
    Budget, DeliveryFilter, DeliveryQueue as _, DeliveryResult, EventFilter, EventLog as _, EventView,
    ExchangeFilter, ExchangeLog as _, Found, History as _, NewEvent, Order, Replay, Search,
};
use bytes::Bytes;
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::event::Event;
use footbridge_model::exchange::{ExchangeFailure, ExchangeFailureKind, ExchangeOutcome, ExchangeRecord};
use footbridge_model::hook::Hook;
use footbridge_model::id::{EventId, made_at};
use footbridge_model::lineage::Lineage;
use footbridge_model::name::EventName;
use footbridge_model::provenance::Provenance;
use footbridge_model::query::Query;
use std::sync::Arc;
use std::time::Duration;

fn searching(query: &str) -> Search {
    Search { query: Query::parse(query).unwrap(), ..Search::all(None, 100) }
}

/// Hook 1 is of the app `shop`, hook 2 of `mic`. Event 20 differs from the others in everything.
async fn prepare<S: Subject>(subject: &mut S) {
    subject.store().put_hook(hook(1)).await.unwrap();
    subject.store().put_hook(Hook { app: name("mic"), ..hook(2) }).await.unwrap();
    let plain = event(20, &[1]);
    let other = Event {
        name: EventName::parse("said").unwrap(),
        publisher: name("Mic"),
        body: Bytes::from_static(br#"{"to": {"who": ["ben"]}}"#),
        lineage: Lineage::default(),
        provenance: Provenance::default(),
        ..Event::clone(&plain.event)
    };
    for new in [event(10, &[1, 2]), NewEvent { event: Arc::new(other), ..plain }, event(30, &[])] {
        subject.store().append(new).await.unwrap();
    }
    let dead = DeliveryResult {
        attempt: Some(attempt(1, Some(503), Some("the receiver answered 503"))),
        ..ended(11, DeliveryStatus::Dead)
    };
    subject.store().record_owned(vec![dead, ended(12, DeliveryStatus::Delivered)]).await.unwrap();
    let replay = Replay { of: delivery_id(12), id: delivery_id(100) };
    subject.store().replay(vec![replay], at(500), Vec::new()).await.unwrap();
    subject.reopen().await;
}

/// Searches of events and deliveries find what matches the query, whatever they read for it.
#[expect(clippy::too_many_lines, reason = "a table of queries")]
pub async fn searches_find_what_matches<S: Subject>(mut subject: S) {
    prepare(&mut subject).await;
    let events = async |query: &str| -> Vec<u64> {
        let found = subject.store().search_events(EventFilter::default(), searching(query)).await.unwrap();
        found.rows.iter().map(|view| view.event.id.number()).collect()
    };
    for (query, expected) in [
        ("", vec![30, 20, 10]),
        ("app:mic", vec![20]),
        ("-app:MIC name:photo*", vec![30, 10]),
        ("body.n:10.5", vec![10]),
        ("body.to.who[0]:b*", vec![20]),
        ("via:page", vec![30, 10]),
        ("-test:true", vec![20]),
        ("trace:4bf92f3577b34da6a3ce929d0e0e4736", vec![30, 10]),
        ("cause:evt_0000000000003", vec![30, 10]),
        ("id:evt_000000000000a", vec![10]),
        ("dlv_000000000000c", vec![10]),
        // The replay of event 10.
        ("id:dlv_0000000000034", vec![10]),
        ("id:dlv_0000000000099", vec![]),
        ("to:mic", vec![10]),
        ("to:shop status:pending", vec![20]),
        ("status:pending", vec![20, 10]),
        ("status:dead code:5xx error:ANSWERED took:<1s", vec![10]),
        ("-status:dead", vec![30, 20]),
        ("hook:hook_0000000000002 -status:pending", vec![]),
        ("status:dead status:delivered", vec![]),
    ] {
        assert_eq!(events(query).await, expected, "{query}");
    }
    let deliveries = async |query: &str| -> Vec<u64> {
        let found =
            subject.store().search_deliveries(DeliveryFilter::default(), searching(query)).await.unwrap();
        found.rows.iter().map(|view| view.delivery.id.number()).collect()
    };
    for (query, expected) in [
        ("", vec![100, 21, 12, 11]),
        ("status:pending", vec![100, 21]),
        ("status:pending to:mic", vec![100]),
        ("status:pending hook:hook_0000000000001", vec![21]),
        ("status:dead", vec![11]),
        ("status:dead hook:hook_0000000000002", vec![]),
        ("-status:dead to:shop", vec![21]),
        ("event:evt_000000000000a", vec![100, 12, 11]),
        ("id:dlv_000000000000b", vec![11]),
        ("app:mic", vec![21]),
        ("name:photo* -body.n:1", vec![100, 12, 11]),
        ("body.to.who[0]:ben", vec![21]),
        ("test:true took:>1ms", vec![12, 11]),
        ("code:none", vec![100, 21]),
    ] {
        assert_eq!(deliveries(query).await, expected, "{query}");
    }
    let search = Search { scope: Some([name("mic")].into()), ..searching("") };
    let found = subject.store().search_events(EventFilter::default(), search.clone()).await.unwrap();
    assert_eq!(found.rows.iter().map(|view| view.event.id.number()).collect::<Vec<_>>(), [20, 10]);
    // What it learns of an event is computed from the deliveries that it sees.
    let counts = |view: &EventView| (view.deliveries, view.statuses.present().collect::<Vec<_>>());
    assert_eq!(counts(&found.rows[0]), (0, Vec::new()));
    let seen = [DeliveryStatus::Pending, DeliveryStatus::Delivered].map(|status| (status, 1));
    assert_eq!(counts(&found.rows[1]), (1, seen.to_vec()));
    for (query, expected) in [
        ("to:shop", vec![]),
        ("status:dead", vec![]),
        ("code:503", vec![]),
        ("error:answered", vec![]),
        ("hook:hook_0000000000001", vec![]),
        ("-status:dead", vec![20, 10]),
        ("status:delivered", vec![10]),
    ] {
        let search = Search { scope: Some([name("mic")].into()), ..searching(query) };
        let found = subject.store().search_events(EventFilter::default(), search).await.unwrap();
        let found: Vec<_> = found.rows.iter().map(|view| view.event.id.number()).collect();
        assert_eq!(found, expected, "{query}");
    }
    let found = subject.store().search_deliveries(DeliveryFilter::default(), search).await.unwrap();
    assert_eq!(found.rows.iter().map(|view| view.delivery.id.number()).collect::<Vec<_>>(), [100, 12]);
    let found =
        subject.store().search_deliveries(DeliveryFilter::default(), searching("code:503")).await.unwrap();
    let view = &found.rows[0];
    let event = view.event.as_ref().unwrap();
    assert_eq!((event.name.as_str(), event.publisher.as_str(), event.test), ("photo-saved", "camera", true));
    assert_eq!((view.last_ms, &view.hook.app), (Some(7), &name("shop")));
    let view = &subject
        .store()
        .search_events(EventFilter::default(), searching("id:evt_000000000000a"))
        .await
        .unwrap();
    let statuses = view.rows[0].statuses;
    let counts: Vec<_> = statuses.present().collect();
    let expected =
        [DeliveryStatus::Pending, DeliveryStatus::Delivered, DeliveryStatus::Dead].map(|status| (status, 1));
    assert_eq!(counts, expected);
    assert_eq!(subject.store().statuses(EventId::from_number(10)).await.unwrap(), statuses);
}

/// Searches of exchanges find what matches the query.
pub async fn exchanges_are_searched<S: Subject>(mut subject: S) {
    let failure = ExchangeFailure::new(ExchangeFailureKind::Undelivered, "the recipient answered 418");
    let records = [
        (10, Some(ExchangeOutcome::Answered(Bytes::new())), Some(200)),
        (20, Some(ExchangeOutcome::Failed(failure)), Some(418)),
    ];
    for (number, ending, answer_status) in records {
        let ms = Some(u32::try_from(number).unwrap());
        subject.store().record_exchange(ExchangeRecord { head: head(number), ending, ms, answer_status });
    }
    subject.reopen().await;
    let exchanges = async |query: &str| -> Vec<u64> {
        let found =
            subject.store().search_exchanges(ExchangeFilter::default(), searching(query)).await.unwrap();
        found.rows.iter().map(|record| record.head.id.number()).collect()
    };
    for (query, expected) in [
        ("app:superapp to:shop name:ORDER", vec![20, 10]),
        ("app:shop", vec![]),
        ("status:failed", vec![20]),
        ("code:EVENT_DELIVERY_FAILED code:4xx error:418", vec![20]),
        ("code:200", vec![10]),
        ("took:>10ms", vec![20]),
        ("via:console test:true cause:evt_0000000000003", vec![20, 10]),
        ("-id:exc_000000000000a", vec![20]),
        ("exc_000000000000a", vec![10]),
    ] {
        assert_eq!(exchanges(query).await, expected, "{query}");
    }
    for (app, expected) in [("shop", 2), ("superapp", 2), ("mic", 0)] {
        let search = Search { scope: Some([name(app)].into()), ..searching("") };
        let found = subject.store().search_exchanges(ExchangeFilter::default(), search).await.unwrap();
        assert_eq!(found.rows.len(), expected, "{app}");
    }
}

/// A search stops at its budget or its limit and goes on from there, in both orders, within its times.
pub async fn a_search_goes_on_where_it_stopped<S: Subject>(subject: S) {
    subject.store().put_hook(hook(1)).await.unwrap();
    for number in 1..=20 {
        subject.store().append(event(number * 10, &[1])).await.unwrap();
    }
    let step = async |order, after, limit, rows| -> Found<u64> {
        let budget = Budget { time: Some(Duration::from_mins(1)), rows };
        let search = Search { order, after, limit, budget, ..searching("-id:evt_000000000000y") };
        let found = subject.store().search_events(EventFilter::default(), search).await.unwrap();
        let Found { rows, looked_at, next, stopped } = found;
        Found { rows: rows.iter().map(|view| view.event.id.number()).collect(), looked_at, next, stopped }
    };
    for order in [Order::Ascending, Order::Descending] {
        for (limit, rows) in [(3, u64::MAX), (100, 4), (3, 4), (1, 1), (100, u64::MAX)] {
            let (mut seen, mut after, mut steps) = (Vec::new(), None, 0);
            loop {
                let found = step(order, after, limit, rows).await;
                assert!(found.rows.len() <= limit as usize && found.looked_at <= rows);
                seen.extend(found.rows);
                steps += 1;
                match found.next {
                    Some(next) => after = Some(next),
                    None => break,
                }
            }
            let mut expected: Vec<u64> = (1..=20).map(|number| number * 10).filter(|id| *id != 30).collect();
            if order == Order::Descending {
                expected.reverse();
            }
            assert_eq!(seen, expected, "{order:?} {limit} {rows}");
            assert!(steps > 1 || (limit, rows) == (100, u64::MAX));
        }
    }
    assert!(
        step(Order::Descending, None, 100, 4).await.stopped
            && !step(Order::Descending, None, 3, 9).await.stopped
    );
    let later = made_at(1).plus(Duration::from_millis(1));
    for (since, until, expected) in
        [(Some(later), None, 0), (None, Some(later), 20), (Some(made_at(1)), Some(later), 20)]
    {
        let search = Search { since, until, ..searching("") };
        let found = subject.store().search_events(EventFilter::default(), search.clone()).await.unwrap();
        assert_eq!(found.rows.len(), expected);
        let found = subject.store().search_deliveries(DeliveryFilter::default(), search).await.unwrap();
        assert_eq!(found.rows.len(), expected);
    }
}
