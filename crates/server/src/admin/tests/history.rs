use super::{AdminServer, app};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use footbridge_journal::{
    Cluster as _, DeliveryQueue as _, DeliveryResult, ExchangeEnd, ExchangeLog as _, KeyDisposition,
    Partition,
};
use footbridge_model::delivery::{Attempt, DeliveryStatus};
use footbridge_model::event::EventDraft;
use footbridge_model::exchange::{
    Direction, ExchangeFailure, ExchangeFailureKind, ExchangeHead, ExchangeOutcome,
};
use footbridge_model::headers::PublishHeaders;
use footbridge_model::id::{DeliveryId, ExchangeId};
use footbridge_model::name::EventName;
use footbridge_model::provenance::Provenance;
use serde_json::json;
use std::sync::atomic::Ordering;

const HOUR: i64 = 3_600_000;

async fn publish(server: &AdminServer, name: &str) -> String {
    let draft = EventDraft {
        name: EventName::parse(name).unwrap(),
        body: Bytes::from_static(br#"{"n": 12345678901234567890123}"#),
        headers: PublishHeaders::parse([("X-Trace", "abc")]).unwrap(),
        subscribers: None,
        provenance: Provenance::default(),
    };
    let publisher = server.engine.app(&app("superapp")).unwrap();
    server.engine.publish(&publisher, draft, None).await.unwrap().id.to_string()
}

/// The id of the event's one delivery.
async fn delivery(server: &AdminServer, event: &str) -> DeliveryId {
    let page = server.get(&format!("/api/v1/deliveries?event={event}")).await.json();
    page["data"][0]["id"].as_str().unwrap().parse().unwrap()
}

/// Ends a delivery as dead after one attempt.
async fn kill(server: &AdminServer, id: DeliveryId) {
    let error = Some("the receiver answered 502".to_owned());
    let attempt = Attempt {
        n: 1,
        at: server.engine.now(),
        status: Some(502),
        error,
        ms: 7,
        output: None,
        answer: None,
    };
    let dead = DeliveryStatus::Dead;
    let claim = server.journal.claim(vec![Partition::default()]).await.unwrap()[0];
    let attempt = Some(attempt);
    let recorded = DeliveryResult { claim, id, attempt, status: dead, next_attempt_at: None, reason: None };
    server.journal.record(vec![recorded]).await.unwrap();
}

#[tokio::test]
async fn events_and_deliveries_are_listed_and_shown() {
    let server = AdminServer::start().await;
    let (one, two) = (publish(&server, "Photo-Saved").await, publish(&server, "other").await);
    let listed = server.get("/api/v1/events?name=PHOTO-saved&publisher=superapp").await.json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    assert_eq!((&listed["data"][0]["id"], &listed["data"][0]["deliveries"]), (&json!(one), &json!(1)));
    let shown = server.get(&format!("/api/v1/events/{one}")).await.expect(200);
    assert!(shown.text().contains(r#""body":{"n": 12345678901234567890123}"#), "{}", shown.text());
    assert_eq!(shown.json()["headers"], json!({"x-trace": "abc"}));
    let id = delivery(&server, &two).await;
    let shown = server.get(&format!("/api/v1/deliveries/{id}")).await.expect(200).json();
    assert_eq!((&shown["status"], &shown["app"]), (&json!("pending"), &json!("shop")));
    assert_eq!(shown["url"], "https://shop.example/hook");
    assert_eq!(shown["attempt_log"], json!([]));
    kill(&server, id).await;
    let shown = server.get(&format!("/api/v1/deliveries/{id}")).await.json();
    let log = json!([{"n": 1, "at": "2027-01-15T08:00:00.000Z", "status": 502, "error": "the receiver answered 502", "ms": 7,
        "answer": null}]);
    assert_eq!((&shown["attempt_log"], &shown["last_status"]), (&log, &json!(502)));
    for path in
        ["events/evt_x", "events/evt_0000000000001", "deliveries/dlv_x", "deliveries/dlv_0000000000001"]
    {
        server.get(&format!("/api/v1/{path}")).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn dead_deliveries_are_retried() {
    let server = AdminServer::start().await;
    let mut dead = Vec::new();
    for name in ["a", "b", "c"] {
        let event = publish(&server, name).await;
        let id = delivery(&server, &event).await;
        kill(&server, id).await;
        dead.push((event, id));
    }
    let one = format!("/api/v1/deliveries/{}/retry", dead[0].1);
    let again = server.call("POST", &one, "").await.expect(202).json();
    assert_eq!((&again["status"], &again["attempts"]), (&json!("pending"), &json!(1)));
    server.call("POST", &one, "{}").await.expect(202);
    let replay = one.replace("/retry", "/replay");
    server.call("POST", &replay, "").await.problem(409, "not_retryable");
    server.call("POST", "/api/v1/deliveries/dlv_0000000000001/retry", "").await.problem(404, "not_found");
    let many = async |body: String| server.call("POST", "/api/v1/deliveries/retry", body).await;
    let counted = many(json!({"status": "dead", "dry_run": true}).to_string()).await.expect(200).json();
    assert_eq!(counted, json!({"count": 2, "dry_run": true}));
    let by_event = many(json!({"event": dead[1].0}).to_string()).await.expect(200).json();
    assert_eq!(by_event, json!({"count": 1, "dry_run": false}));
    assert_eq!(many(r#"{"app":"superapp"}"#.into()).await.expect(200).json()["count"], 0);
    for bad in [r#"{"status":"delivered"}"#, r#"{"event":"evt_x"}"#, r#"{"dryrun":true}"#, r#"{"hook":5}"#] {
        many(bad.into()).await.problem(422, "invalid");
    }
    let pending = server.get("/api/v1/deliveries?status=pending").await.json();
    assert_eq!(pending["data"].as_array().unwrap().len(), 2);
}

async fn exchange(server: &AdminServer, ending: Option<ExchangeOutcome>) -> ExchangeId {
    let id = server.engine.new_exchange_id();
    let head = ExchangeHead {
        id,
        direction: Direction::ToMiniapp,
        sender: app("superapp"),
        recipient: app("shop"),
        event_type: "buy".into(),
        at: server.engine.now(),
        cause: None,
        provenance: Provenance::default(),
    };
    server.journal.start_exchange(head, None).await.unwrap();
    if let Some(ending) = ending {
        let (keep_answer_until, key) = (footbridge_model::time::Millis(i64::MAX), KeyDisposition::Replays);
        let end = ExchangeEnd { id, ending, ms: 12, answer_status: Some(200), keep_answer_until, key };
        server.journal.finish_exchange(end).await.unwrap();
    }
    id
}

#[tokio::test]
async fn an_exchange_is_shown_to_its_sender_for_a_day_and_to_the_admin() {
    let server = AdminServer::start().await;
    let answered =
        exchange(&server, Some(ExchangeOutcome::Answered(Bytes::from_static(b"{\"n\": 1.0}")))).await;
    let failure = ExchangeFailure::new(ExchangeFailureKind::Undelivered, "the receiver answered 500");
    let failed = exchange(&server, Some(ExchangeOutcome::Failed(failure))).await;
    let running = exchange(&server, None).await;
    let sender = format!("Token {}", STANDARD.encode("superapp:key-of-superapp"));
    let path = |id: &ExchangeId| format!("/api/v1/exchanges/{id}");
    let seen = server.bare(&path(&answered), Some(&sender)).await.expect(200);
    let text = format!(
        r#"{{"exchange_id":"{answered}","status":"answered","answer":{{"n": 1.0}},"error_code":null,"error_message":null}}"#
    );
    assert_eq!(seen.text(), text);
    let seen = server.bare(&path(&failed), Some(&sender)).await.expect(200).json();
    assert_eq!((&seen["status"], &seen["error_code"]), (&json!("failed"), &json!("EVENT_DELIVERY_FAILED")));
    assert_eq!(server.bare(&path(&running), Some(&sender)).await.expect(200).json()["status"], "running");

    let made = server.call("POST", "/api/v1/apps", r#"{"name":"other","secret_key":"key-of-other"}"#).await;
    made.expect(201);
    let other = format!("Token {}", STANDARD.encode("other:key-of-other"));
    let theirs = server.bare(&path(&answered), Some(&other)).await.problem(404, "not_found");
    let none =
        server.bare("/api/v1/exchanges/exc_0000000000001", Some(&other)).await.problem(404, "not_found");
    assert_eq!(theirs, none);
    let wrong = format!("Token {}", STANDARD.encode("superapp:key-of-other"));
    server.bare(&path(&answered), Some(&wrong)).await.problem(401, "unauthorized");

    server.clock.0.fetch_add(25 * HOUR, Ordering::Relaxed);
    server.bare(&path(&answered), Some(&sender)).await.problem(404, "not_found");
    let all = server.get(&path(&failed)).await.expect(200).json();
    for (member, value) in [
        ("direction", json!("to_miniapp")),
        ("sender", json!("superapp")),
        ("recipient", json!("shop")),
        ("event_type", json!("buy")),
        ("at", json!("2027-01-15T08:00:00.000Z")),
        ("ms", json!(12)),
        ("http_status", json!(502)),
    ] {
        assert_eq!(all[member], value, "{member}");
    }
    let only = server.get("/api/v1/exchanges?app=shop&failed=true").await.json();
    assert_eq!(only["data"].as_array().unwrap().len(), 1);
}
