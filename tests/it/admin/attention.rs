//! The list of what needs an operator, the settings, and the doctor.

use harness::{App, Exit, Gateway, Receiver, Reply, Setup, WAIT, footbridge, refused_address, until};
use serde_json::{Value, json};

fn attention(gateway: &Gateway) -> Vec<Value> {
    gateway.admin().get("attention")["data"].as_array().unwrap().clone()
}

/// Waits for a row of this kind.
fn row(gateway: &Gateway, kind: &str) -> Value {
    let mut found = Value::Null;
    until(kind, WAIT, || {
        found = attention(gateway).into_iter().find(|row| row["kind"] == kind).unwrap_or_default();
        found.is_object()
    });
    found
}

#[test]
fn dead_deliveries_are_named_with_their_codes_and_a_query() {
    let receiver = Receiver::start();
    receiver.at("/bad", Reply::status(503));
    let gateway = Setup::new().app(App::new("shop")).app(App::new("mailer")).start();
    assert_eq!(attention(&gateway), Vec::<Value>::new());
    gateway.bolt("mailer").web("shop/*", &receiver.url("/bad"));
    (0..3).for_each(|_| drop(gateway.bolt("shop").publish("order-paid", &json!({}))));
    until("dead", WAIT, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    let dead = row(&gateway, "dead");
    until("all three", WAIT, || row(&gateway, "dead")["count"] == 3);
    let dead_now = row(&gateway, "dead");
    assert_eq!((&dead["level"], &dead["object"]), (&json!("error"), &json!({"kind": "app", "id": "mailer"})));
    assert_eq!(dead_now["text"], "3 deliveries to mailer are dead: 503 ×3");
    assert_eq!(
        (&dead["recover"], &dead["screen"]),
        (&json!("status:dead to:mailer"), &json!("/deliveries?q=status%3Adead+to%3Amailer"))
    );
    assert!(dead["since"].is_string());
    let top = gateway.admin().get("stats/top?by=error");
    assert_eq!(top["data"][0], json!({"labels": {"error": "503"}, "value": 3.0}));
}

#[test]
fn what_stands_is_named_with_its_reason() {
    let receiver = Receiver::start();
    receiver.at("/bad", Reply::status(503));
    receiver.at("/gone", Reply::status(410));
    let ordered =
        format!(r#""shop/*" = {{ route = {:?}, type = "web", ordered = true }}"#, receiver.url("/bad"));
    let gone = format!(r#""shop/order-paid" = {{ route = {:?}, type = "web" }}"#, receiver.url("/gone"));
    let gateway = Setup::new()
        .set("retry", "schedule", r#"["1h"]"#)
        .app(App::new("shop"))
        .app(App::new("crm").hooks(&ordered))
        .app(App::new("wms").hooks(&gone))
        .start();
    (0..3).for_each(|_| drop(gateway.bolt("shop").publish("order-paid", &json!({}))));
    let lane = row(&gateway, "lane_standing");
    let text = lane["text"].as_str().unwrap();
    assert!(
        text.contains("ordered hook of crm") && text.contains("503") && text.contains("2 wait behind it"),
        "{text}"
    );
    assert_eq!((&lane["object"]["kind"], &lane["count"]), (&json!("hook"), &json!(3)));
    let off = row(&gateway, "hook_off");
    assert!(off["text"].as_str().unwrap().contains("the hook of wms for shop/order-paid is off"), "{off}");
    until("the lanes", WAIT, || {
        gateway.admin().get("stats/now")["lanes"] == json!({"waiting": 1, "standing": 1, "paused": 0})
    });
    gateway.admin().done("POST", "apps", &json!({"name": "fresh"}));
    gateway.admin().done("POST", "apps/fresh/rotate", &json!({}));
    let secret = row(&gateway, "secret_overlap");
    assert_eq!((&secret["level"], &secret["object"]["id"]), (&json!("warning"), &json!("fresh")));
    assert!(secret["text"].as_str().unwrap().contains("has not been used yet"), "{secret}");
}

#[test]
fn exchanges_that_fail_are_named() {
    let gateway = Setup::new()
        .app(App::new("shop"))
        .app(App::new("pay").receiver(&format!("http://{}/x", refused_address())))
        .link("shop", "pay")
        .start();
    let charge =
        json!({"client_id": "shop", "app_id": "pay", "event_type": "charge", "payload": {}}).to_string();
    (0..6).for_each(|_| drop(gateway.host("shop").send(&charge)));
    let failing = row(&gateway, "exchange_failing");
    assert_eq!(failing["text"], "6 of 6 exchanges to pay failed in the last five minutes");
    (0..20).for_each(|_| drop(gateway.host("shop").send(&charge)));
    until("the circuit breaker", WAIT, || {
        row(&gateway, "exchange_failing")["text"].as_str().unwrap().contains("are held back")
    });
}

#[test]
fn settings_have_sources_and_no_secrets() {
    let gateway = Setup::new().env("FOOTBRIDGE_BRIDGE__TIMEOUT", "3s").app(App::new("shop")).start();
    let found = gateway.admin().get("settings");
    let setting = |key: &str| {
        let all = found["settings"].as_array().unwrap();
        all.iter()
            .find(|setting| setting["key"] == key)
            .unwrap_or_else(|| panic!("no {key}: {found}"))
            .clone()
    };
    assert_eq!(
        setting("bridge.timeout"),
        json!({"key": "bridge.timeout", "value": "3s", "source": "environment"})
    );
    assert_eq!(setting("admin_token"), json!({"key": "admin_token", "value": "set", "source": "file"}));
    assert_eq!(
        setting("stats.enabled"),
        json!({"key": "stats.enabled", "value": "true", "source": "default"})
    );
    let dir = gateway.dir().canonicalize().unwrap();
    assert_eq!(found["data_dir"], dir.to_str().unwrap());
    assert!(!found.to_string().contains(harness::ADMIN_TOKEN));
}

#[test]
fn the_doctor_finds_planted_faults_and_the_command_prints_them() {
    let receiver = Receiver::start();
    let refused = refused_address();
    let gateway = Setup::new()
        .set("stats", "enabled", "false")
        .app(App::new("well").url(&receiver.url("/")))
        .app(App::new("down").receiver(&format!("http://{refused}/x")))
        .app(App::new("lost").receiver("http://no-such-host.invalid/x"))
        .start();
    let found = gateway.admin().get("doctor")["data"].as_array().unwrap().clone();
    let of = |part: &str| {
        found
            .iter()
            .find(|row| row["text"].as_str().unwrap().contains(part))
            .unwrap_or_else(|| panic!("no {part}: {found:#?}"))
    };
    for (part, level) in [
        ("of well can be reached", "ok"),
        ("of down cannot be reached", "error"),
        ("of lost cannot be reached", "error"),
        ("statistics are off", "warning"),
        ("the journal accepts events", "ok"),
        ("this is Footbridge", "ok"),
        ("the clock shows", "ok"),
    ] {
        let row = of(part);
        assert_eq!(row["level"], level, "{row}");
        assert_eq!(row["fix"].is_string(), level != "ok", "{row}");
    }
    let env =
        [("FOOTBRIDGE_SERVER", gateway.url("")), ("FOOTBRIDGE_ADMIN_TOKEN", harness::ADMIN_TOKEN.to_owned())];
    let env = env.each_ref().map(|(name, value)| (*name, value.as_str()));
    let Exit { code, output: out, .. } = footbridge(gateway.dir(), &["doctor"], &env);
    assert_eq!(code, Some(2), "{out}");
    assert!(out.contains("✖ receivers") && out.contains("● journal") && out.contains("    → "), "{out}");
}
