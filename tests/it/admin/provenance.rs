//! The provenance of events and exchanges, and the answers to failed attempts, over the administration API.

use harness::{App, Receiver, Reply, Setup, WAIT, until};
use serde_json::{Value, json};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn traceparent() -> String {
    format!("00-{TRACE}-00f067aa0ba902b7-01")
}

#[test]
fn events_tell_how_they_came_their_trace_and_their_cause() {
    let mut gateway = Setup::new().app(App::new("camera")).app(App::new("fax")).start();
    let (camera, fax) = (gateway.bolt("camera"), gateway.bolt("fax"));
    let publish = |name: &str, headers: &[(&str, &str)]| -> Value {
        let call = camera.call("POST", name, "{}").headers(headers);
        call.send().expect(200).json()["body"]["id"].clone()
    };
    let traced = publish("a", &[("traceparent", &traceparent())]);
    let caused = publish("b", &[("Footbridge-Cause", traced.as_str().unwrap())]);
    // A header that the standard tells receivers to ignore, and one that comes twice.
    let odd = publish("c", &[("traceparent", "00-xyz")]);
    let twice = publish("d", &[("traceparent", &traceparent()), ("traceparent", &traceparent())]);
    // The app never received this event, so it is no cause.
    let foreign = fax.call("POST", "e", "{}").header("Footbridge-Cause", traced.as_str().unwrap());
    let foreign = foreign.send().expect(200).json()["body"]["id"].clone();
    gateway.kill9().start_again();
    let admin = gateway.admin();
    let shown = |id: &Value| admin.get(&format!("events/{}", id.as_str().unwrap()));
    for (id, trace, cause) in [
        (&traced, json!(TRACE), Value::Null),
        (&caused, Value::Null, json!({"id": traced, "kind": "event"})),
        (&odd, Value::Null, Value::Null),
        (&twice, Value::Null, Value::Null),
        (&foreign, Value::Null, Value::Null),
    ] {
        let event = shown(id);
        assert_eq!((&event["via"], &event["test"]), (&json!("api"), &json!(false)), "{event}");
        assert_eq!((&event["trace"], &event["cause"]), (&trace, &cause), "{event}");
    }
    let own = admin.get("events?publisher=bolt&limit=250");
    let own = own["data"].as_array().unwrap();
    assert!(!own.is_empty() && own.iter().all(|event| event["via"] == "system"), "{own:?}");
}

#[test]
fn what_a_page_forwards_comes_by_the_page() {
    let receiver = Receiver::start();
    let gateway = Setup::shop_in_superapp(&receiver.url("/shop")).start();
    let ask = gateway
        .call("POST", "/api/v1/tickets")
        .header("Authorization", gateway.host("superapp").authorization());
    let ticket =
        ask.json(&json!({"use": "forward"})).send().expect(200).json()["ticket"].as_str().unwrap().to_owned();
    let forward = |to: &str| {
        let body =
            json!({"to": to, "type": "opened", "payload": 1, "app_id": "shop", "client_id": "superapp"});
        let call =
            gateway.call("POST", "/api/v1/forward").header("Authorization", format!("Ticket {ticket}"));
        call.header("traceparent", traceparent()).json(&body).send().expect(200).json()["id"].clone()
    };
    let (event, exchange) = (forward("publish"), forward("exchange"));
    let admin = gateway.admin();
    until("the record", WAIT, || !admin.all("exchanges").is_empty());
    for path in
        [format!("events/{}", event.as_str().unwrap()), format!("exchanges/{}", exchange.as_str().unwrap())]
    {
        let shown = admin.get(&path);
        assert_eq!((&shown["via"], &shown["trace"]), (&json!("page"), &json!(TRACE)), "{shown}");
    }
}

#[test]
fn exchanges_tell_their_trace_their_cause_and_the_recipients_status() {
    let receiver = Receiver::start();
    let gateway = Setup::shop_in_superapp(&receiver.url("/shop")).start();
    let event = gateway.bolt("superapp").publish("x", &json!({}))["id"].as_str().unwrap().to_owned();
    let body = r#"{"app_id":"shop","client_id":"superapp","event_type":"t","payload":1}"#;
    let send = |headers: &[(&str, &str)], status| {
        let answer = gateway.host("superapp").call(body).headers(headers).send().expect(status);
        answer.header("footbridge-exchange-id").unwrap().to_owned()
    };
    receiver.at("/shop", Reply::status(201));
    let traced = send(&[("traceparent", &traceparent()), ("Footbridge-Cause", &event)], 200);
    receiver.at("/shop", Reply::status(418));
    let stored = send(&[("Idempotency-Key", "k"), ("traceparent", &traceparent())], 502);
    let plain = send(&[("Footbridge-Cause", "evt_0000000000001")], 502);
    gateway.host("superapp").call(body).header("Footbridge-Cause", "it").send().expect(400);
    let admin = gateway.admin();
    until("the records", WAIT, || admin.all("exchanges").len() >= 3);
    for (id, trace, cause, status) in [
        (&traced, json!(TRACE), json!({"id": event, "kind": "event"}), 201),
        (&stored, json!(TRACE), Value::Null, 418),
        (&plain, Value::Null, Value::Null, 418),
    ] {
        let shown = admin.get(&format!("exchanges/{id}"));
        assert_eq!((&shown["trace"], &shown["cause"]), (&trace, &cause), "{shown}");
        assert_eq!((&shown["upstream_status"], &shown["via"]), (&json!(status), &json!("api")), "{shown}");
    }
}

#[test]
fn the_answer_to_a_failed_attempt_is_kept_without_secrets() {
    let receiver = Receiver::start();
    let gateway = Setup::new().app(App::new("camera")).app(App::new("fax")).start();
    let token = gateway.setup().app_named("fax").token.clone();
    gateway.bolt("fax").web("*", &receiver.url("/fax"));
    let text = format!("db is down\r\n\u{1b}[31m token={token} {}", "é".repeat(2000));
    receiver.next(Reply::status(503).with_body(&text));
    receiver.next(Reply::status(500).with("Content-Encoding", "gzip").with_body("\u{1f}packed"));
    receiver.always(Reply::status(200).with_body("thanks"));
    let event = gateway.bolt("camera").publish("x", &json!({}))["id"].as_str().unwrap().to_owned();
    let admin = gateway.admin();
    until("the end", WAIT, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    let delivery = admin.delivery(&event);
    let shown = admin.get(&format!("deliveries/{}", delivery["id"].as_str().unwrap()));
    let log = shown["attempt_log"].as_array().unwrap();
    let answer = log[0]["answer"].as_str().unwrap();
    assert!(answer.starts_with("db is down\u{fffd}\n\u{fffd}[31m token=\u{2026} éé"), "{answer}");
    assert!((1000..=1024).contains(&answer.len()), "{}", answer.len());
    assert!(log[1]["answer"].is_null() && log[2]["answer"].is_null(), "{shown}");
    assert_eq!(log.len(), 3);
    for output in [gateway.stdout(), gateway.stderr()] {
        assert!(!output.contains("db is down"), "{output}");
    }
}

/// The span in a `traceparent` of the trace of the test.
#[track_caller]
fn span(request: &harness::ReceivedRequest) -> String {
    let header = request.header("traceparent").unwrap_or_else(|| panic!("no traceparent: {request:?}"));
    let (head, rest) = header.split_at(36);
    assert_eq!(head, format!("00-{TRACE}-"));
    let (span, flags) = rest.split_at(16);
    assert!(span.bytes().all(|digit| digit.is_ascii_hexdigit()) && flags == "-01", "{header}");
    span.to_owned()
}

#[test]
fn each_request_to_a_receiver_continues_the_trace_also_after_a_restart() {
    let receiver = Receiver::start();
    let mut gateway = Setup::shop_in_superapp(&receiver.url("/shop"))
        .set("retry", "schedule", r#"["1h"]"#)
        .app(App::new("fax").url(&receiver.url("/fax")).hooks(r#""superapp/*" = "in""#))
        .start();
    receiver.at("/fax/in", Reply::status(503));
    let state = [("traceparent", &*traceparent()), ("tracestate", "rojo=1"), ("tracestate", "congo=2 ")];
    let publish = |gateway: &harness::Gateway, name: &str, headers: &[(&str, &str)]| {
        gateway.bolt("superapp").call("POST", name, "{}").headers(headers).send().expect(200);
    };
    publish(&gateway, "traced", &state);
    receiver.wait_at("/fax/in", 1);
    let pending = || gateway.admin().all("deliveries?status=pending");
    until("the first attempt is stored", WAIT, || pending().first().is_some_and(|row| row["attempts"] == 1));
    gateway.kill9().start_again();
    receiver.at("/fax/in", Reply::json("{}"));
    let id = gateway.admin().all("deliveries?status=pending")[0]["id"].as_str().unwrap().to_owned();
    gateway.admin().done("POST", &format!("deliveries/{id}/retry"), &json!({}));
    receiver.wait_at("/fax/in", 2);
    // Without a valid traceparent there is no trace to continue.
    publish(&gateway, "plain", &[("traceparent", "00-xyz"), ("tracestate", "rojo=1")]);
    publish(&gateway, "half", &[("traceparent", &traceparent()), ("tracestate", "rojo")]);
    receiver.wait_at("/fax/in", 4);
    let of = |name: &str| -> Vec<_> {
        receiver.requests_at("/fax/in").into_iter().filter(|request| request.json()["name"] == name).collect()
    };
    let traced = of("traced");
    let spans = [span(&traced[0]), span(&traced[1])];
    assert!(spans[0] != spans[1] && !spans.contains(&"00f067aa0ba902b7".to_owned()), "{spans:?}");
    for request in &traced {
        assert_eq!(request.header("tracestate"), Some("rojo=1,congo=2"));
    }
    let plain = &of("plain")[0];
    assert_eq!((plain.header("traceparent"), plain.header("tracestate")), (None, None));
    span(&of("half")[0]);
    assert_eq!(of("half")[0].header("tracestate"), None, "a state that is not valid is discarded");

    let body = r#"{"app_id":"shop","client_id":"superapp","event_type":"t","payload":1}"#;
    gateway.host("superapp").call(body).headers(&state).send().expect(200);
    let keyed = [&state[..], &[("Idempotency-Key", "k")]].concat();
    gateway.host("superapp").call(body).headers(&keyed).send().expect(200);
    gateway.host("superapp").call(body).send().expect(200);
    let forwarded = receiver.requests_at("/shop");
    assert_ne!(span(&forwarded[0]), span(&forwarded[1]));
    assert_eq!(forwarded[1].header("tracestate"), Some("rojo=1,congo=2"));
    assert_eq!((forwarded[2].header("traceparent"), forwarded[2].header("tracestate")), (None, None));
}
