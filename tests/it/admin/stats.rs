//! Statistics over the administration API.

use harness::{App, Gateway, Receiver, Reply, Setup, WAIT, until};
use serde_json::{Value, json};

/// Publishes three events that one receiver takes and another refuses, and makes one exchange.
fn with_traffic() -> (Gateway, Receiver) {
    let receiver = Receiver::start();
    receiver.at("/bad", Reply::status(503));
    receiver.at("/exchange", Reply::json("{}"));
    let mut setup =
        Setup::new().set("retry", "schedule", r#"["1h"]"#).app(App::new("shop")).app(App::new("mailer"));
    setup = setup.app(App::new("pay").receiver(&receiver.url("/exchange"))).link("shop", "pay");
    let gateway = setup.start();
    gateway.bolt("mailer").web("shop/*", &receiver.url("/good"));
    gateway.bolt("pay").web("order-paid", &receiver.url("/bad"));
    gateway.bolt("pay").web("never-published", &receiver.url("/bad"));
    for name in ["order-paid", "order-paid", "order-lost"] {
        gateway.bolt("shop").publish(name, &json!({}));
    }
    let charge = json!({"client_id": "shop", "app_id": "pay", "event_type": "charge", "payload": {}});
    gateway.host("shop").send(charge.to_string()).expect(200);
    until("attempts", WAIT, || sum(&gateway, "metric=attempts") >= 5.0);
    (gateway, receiver)
}

fn sum(gateway: &Gateway, query: &str) -> f64 {
    let series = gateway.admin().get(&format!("stats/series?{query}"));
    let lines = series["lines"].as_array().unwrap();
    lines.iter().flat_map(|line| line["points"].as_array().unwrap()).filter_map(Value::as_f64).sum()
}

fn edges(gateway: &Gateway, query: &str) -> Vec<Value> {
    gateway.admin().get(&format!("stats/edges{query}"))["edges"].as_array().unwrap().clone()
}

#[test]
fn traffic_is_counted_and_survives_a_restart() {
    let (mut gateway, _receiver) = with_traffic();
    for _ in 0..2 {
        for (query, expected) in [
            ("metric=accepted&app=shop", 3.0),
            ("metric=delivered", 3.0),
            ("metric=exchanges", 1.0),
            ("metric=exchanges_failed", 0.0),
            ("metric=delivered&name=*-lost", 1.0),
            ("metric=delivered&app=mailer&by=name", 3.0),
            ("metric=accepted&way=exchange", 0.0),
        ] {
            let found = sum(&gateway, query);
            assert!((found - expected).abs() < 0.01, "{query}: {found}");
        }
        assert!((sum(&gateway, "metric=failed") - 2.0).abs() < 0.01);
        let p95 = gateway.admin().get("stats/series?metric=p95_ms");
        assert_eq!((&p95["unit"], p95["lines"].as_array().unwrap().len()), (&json!("ms"), 1));
        assert!(p95["lines"][0]["points"].as_array().unwrap().iter().any(Value::is_number), "{p95}");
        gateway.stop().start_again();
    }
}

#[test]
fn the_overview_has_every_app_with_its_traffic() {
    let (gateway, _receiver) = with_traffic();
    let stored = || gateway.admin().get("stats/now");
    until("all outcomes are stored", WAIT, || {
        stored()["account"]["delivered"] == 3 && stored()["lanes"]["waiting"] == 1
    });
    let now = stored();
    assert!(now["rates"]["publish"].as_f64().unwrap() > 0.0, "{now}");
    let ratio = now["first_try_ok"].as_f64().unwrap();
    assert!((ratio - 0.6).abs() < 0.001, "three of five first attempts succeed: {now}");
    let app = |name: &str| {
        let apps = now["apps"].as_array().unwrap();
        apps.iter().find(|app| app["app"] == name).unwrap_or_else(|| panic!("no {name}: {now}")).clone()
    };
    assert_eq!((&app("mailer")["first_try_ok"], &app("pay")["first_try_ok"]), (&json!(1.0), &json!(0.0)));
    assert_eq!((&app("pay")["waiting"], &app("pay")["dead"]), (&json!(2), &json!(0)));
    assert!(app("shop")["says"].as_f64().unwrap() > 0.0 && app("shop")["last_said_at"].is_string());
    assert_eq!((&now["lanes"]["waiting"], &now["account"]["delivered"]), (&json!(1), &json!(3)));
    gateway.admin().call("GET", "stats/now?x=1").send().expect(400);
}

#[test]
fn the_map_has_traffic_and_what_carries_none() {
    let (gateway, _receiver) = with_traffic();
    let found = edges(&gateway, "");
    let edge = |from: &str, name: &str, to: &str| {
        let is_it = |edge: &&Value| edge["from"] == from && edge["name"] == name && edge["to"] == to;
        found.iter().find(is_it).unwrap_or_else(|| panic!("no {from} {name} {to}: {found:#?}"))
    };
    let paid = edge("shop", "order-paid", "mailer");
    assert_eq!((&paid["count"], &paid["ok"], &paid["failed"]), (&json!(2), &json!(2), &json!(0)));
    assert!(paid["hook_id"].as_str().unwrap().starts_with("hook_") && paid["p95_ms"].is_number());
    let charge = edge("shop", "charge", "pay");
    assert_eq!(
        (&charge["way"], &charge["ok"], &charge["declared"]),
        (&json!("exchange"), &json!(1), &json!(true))
    );
    let idle = edge("*", "never-published", "pay");
    assert_eq!((&idle["count"], &idle["declared"]), (&json!(0), &json!(true)));
    let failing = edges(&gateway, "?failing=true");
    assert!(failing.iter().all(|edge| edge["to"] == "pay") && failing.len() == 1, "{failing:#?}");
    let top = gateway.admin().get("stats/top?by=name&metric=delivered");
    assert_eq!(top["data"][0], json!({"labels": {"name": "order-paid"}, "value": 2.0}));
}

#[test]
fn wrong_queries_name_their_mistake_and_statistics_can_be_off() {
    let gateway = Setup::new().app(App::new("shop")).start();
    for (query, part) in [
        ("series", "`metric` is missing"),
        ("series?metric=speed", "`accepted`"),
        ("series?metric=dead&points=241", "1 to 240"),
        ("series?metric=dead&since=1h&until=2h", "before `until`"),
        ("series?metric=dead&way=pigeon", "`page`"),
        ("top", "`by` is missing"),
        ("edges?since=yesterday", "2h"),
        ("edges?points=3", "known are"),
    ] {
        let answer = gateway.admin().call("GET", &format!("stats/{query}")).send().expect(400);
        assert!(answer.text().contains(part), "{query}: {}", answer.text());
    }
    drop(gateway);
    let off = Setup::new().app(App::new("shop")).set("stats", "enabled", "false").start();
    let answer = off.admin().call("GET", "stats/series?metric=dead").send().expect(409);
    assert!(answer.text().contains("statistics_off"), "{}", answer.text());
    off.admin().get("stats/now");
}

#[test]
fn events_of_pages_are_a_way_of_their_own() {
    let gateway = Setup::new().app(App::new("shop")).start();
    let token = &gateway.setup().app_named("shop").token;
    let ask = gateway.call("POST", "/api/v1/tickets").header("X-Bolt-App-Token", token);
    let ticket = ask.json(&json!({"use": "forward"})).send().expect(200).json();
    let ticket = ticket["ticket"].as_str().unwrap();
    let request = json!({"to": "publish", "type": "clicked", "payload": {}, "app_id": "", "client_id": ""});
    let call = gateway.call("POST", "/api/v1/forward").header("Authorization", format!("Ticket {ticket}"));
    call.json(&request).send().expect(200);
    gateway.bolt("shop").publish("paid", &json!({}));
    until("both", WAIT, || sum(&gateway, "metric=accepted&app=shop") >= 2.0);
    assert!((sum(&gateway, "metric=page") - 1.0).abs() < 0.01);
    assert!((sum(&gateway, "metric=accepted&way=publish&app=shop") - 1.0).abs() < 0.01);
    let heard = edges(&gateway, "?name=clicked");
    assert_eq!(
        (&heard[0]["way"], &heard[0]["to"], &heard[0]["count"]),
        (&json!("page"), &Value::Null, &json!(1))
    );
}
