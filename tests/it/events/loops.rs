//! Limits on events that cause each other.

use harness::{App, AppDir, Receiver, Setup, assert_bolt_error, each, until};
use serde_json::{Value, json};

fn setup() -> Setup {
    Setup::new().app(App::new("camera")).app(App::new("fax")).app(App::new("ears"))
}

/// Publishes `ping` with an event as its cause.
fn follow(gateway: &harness::Gateway, app: &str, cause: &str) -> harness::Answer {
    gateway.bolt(app).call("POST", "ping", "{}").header("Footbridge-Cause", cause).send()
}

fn id(answer: harness::Answer) -> String {
    answer.expect(200).json()["body"]["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_chain_of_apps_is_stopped_at_depth_sixteen_and_reported_once() {
    let receiver = Receiver::start();
    let mut gateway = setup().start();
    gateway.bolt("camera").web("fax/ping", &receiver.url("/camera"));
    gateway.bolt("fax").web("camera/ping", &receiver.url("/fax"));
    gateway.bolt("ears").web("bolt/loop-stopped", &receiver.url("/ears"));
    let root = id(gateway.bolt("camera").post("ping", "{}"));
    let mut last = root.clone();
    for depth in 1..16 {
        last = id(follow(&gateway, ["camera", "fax"][depth % 2], &last));
        if depth == 8 {
            // The data of a chain survives a restart.
            gateway.kill9().start_again();
            gateway.bolt("ears").web("bolt/loop-stopped", &receiver.url("/ears"));
            gateway.bolt("camera").web("fax/ping", &receiver.url("/camera"));
            gateway.bolt("fax").web("camera/ping", &receiver.url("/fax"));
        }
    }
    each(0..3, |_| {
        let answer = follow(&gateway, "camera", &last);
        assert_bolt_error(&answer, 422, 153);
        assert!(answer.text().contains(&root) && answer.text().contains(&last), "{}", answer.text());
    });
    let reported = receiver.wait_at("/ears", 1)[0].json();
    assert_eq!(reported["publisher"], "bolt");
    let body = &reported["body"];
    assert_eq!((&body["app"], &body["event"]), (&json!("camera"), &json!("ping")));
    assert_eq!((&body["root"], &body["cause"]), (&json!(root), &json!(last)));
    assert_eq!((&body["depth"], &body["reason"]), (&json!(16), &json!("depth")));
    // An event caused by this report is refused too.
    assert_bolt_error(&follow(&gateway, "ears", reported["id"].as_str().unwrap()), 422, 153);
    // Other chains are not affected, and an event without a cause starts a new chain.
    id(gateway.bolt("camera").post("ping", "{}"));
    assert_eq!(receiver.wait_at("/ears", 1).len(), 1, "reported once");
    gateway.assert_healthy();
}

#[test]
fn a_cause_must_be_an_event_the_app_received_or_sent() {
    let receiver = Receiver::start();
    let gateway = setup().start();
    gateway.bolt("fax").web("camera/ping", &receiver.url("/fax"));
    let mut last = id(gateway.bolt("camera").post("ping", "{}"));
    for _ in 1..16 {
        last = id(follow(&gateway, "camera", &last));
    }
    assert_bolt_error(&follow(&gateway, "camera", &last), 422, 153);
    assert_bolt_error(&follow(&gateway, "fax", &last), 422, 153);
    // Another app can neither join a chain nor learn about it: both answers have the same warning.
    let warning = |cause: &str| {
        let answer = follow(&gateway, "ears", cause).expect(200).json();
        let warnings = answer["body"]["warnings"].as_array().unwrap().clone();
        assert_eq!(warnings.len(), 1, "{answer}");
        let warning = warnings[0].as_str().unwrap();
        assert!(warning.contains("`Footbridge-Cause`") && warning.contains(cause), "{warning}");
        warning.replace(cause, "")
    };
    assert_eq!(warning(&last), warning("evt_0000000000001"));
    // A valid cause, or none, gets no warning.
    let own = id(gateway.bolt("ears").post("ping", "{}"));
    for answer in [follow(&gateway, "ears", &own), gateway.bolt("ears").post("ping", "{}")] {
        assert_eq!(answer.expect(200).json()["body"]["warnings"], Value::Null);
    }
    each(["", "evt_", "5", "dlv_0000000000001", "evt_0000000000001, evt_0000000000002"], |junk| {
        assert_bolt_error(&follow(&gateway, "camera", junk), 400, 143);
    });
}

#[test]
fn self_calling_functions_are_stopped_by_depth_and_by_descendants() {
    let app_dir = AppDir::new();
    let receiver = Receiver::start();
    let setup = setup().set("limits", "chain_deliveries", "200").set("runtime", "user", r#""root""#);
    let mut gateway = setup.start();
    gateway.bolt("ears").web("bolt/loop-stopped", &receiver.url("/ears"));
    let package = json!({"name": "fun", "bolt": {
        "functions": {"once": "once.js", "twice": "twice.js"},
        "hooks": {"once": {"route": "once", "type": "function"}, "twice": {"route": "twice", "type": "function"}},
    }});
    let dir = app_dir.write("fun", &package, &[]);
    let again = "module.exports = (event, ctx) => ctx.publish(event.name, { body: event.body });";
    let doubled =
        "module.exports = (event, ctx) => { ctx.publish(event.name, {}); ctx.publish(event.name, {}); };";
    std::fs::write(dir.join("once.js"), again).unwrap();
    std::fs::write(dir.join("twice.js"), doubled).unwrap();
    gateway.apps().install(&dir);
    let stopped = |n: usize| receiver.wait_at("/ears", n)[n - 1].json()["body"].clone();
    let all_ended = |gateway: &harness::Gateway| {
        until("the end", harness::WAIT, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    };

    gateway.bolt("camera").publish("once", &json!({"body": 7}));
    let reported = stopped(1);
    assert_eq!(
        (&reported["app"], &reported["event"], &reported["reason"]),
        (&json!("fun"), &json!("once"), &json!("depth"))
    );
    all_ended(&gateway);
    let dead = gateway.admin().all("deliveries?status=dead");
    assert_eq!(dead.len(), 1, "one is the end of the chain: {dead:?}");
    assert_eq!(dead[0]["attempts"], 1);
    assert!(dead[0]["last_error"].as_str().unwrap().contains("a loop is stopped"), "{dead:?}");
    assert_eq!(gateway.admin().all("deliveries?app=fun").len(), 16);

    gateway.bolt("camera").publish("twice", &json!({}));
    assert_eq!(stopped(2)["reason"], "deliveries");
    all_ended(&gateway);
    let made = gateway.admin().all("deliveries?app=fun").len() - 16;
    assert!((150..=201).contains(&made), "{made} deliveries came of one event");
    assert_eq!(receiver.count(), 2, "reported once for each chain");
    gateway.assert_healthy();
}

#[test]
fn an_app_with_a_huge_backlog_is_refused_and_no_other() {
    let mut gateway = setup().set("limits", "backlog", "30").set("egress", "timeout", r#""60s""#).start();
    let hanging = Receiver::start();
    hanging.always(harness::Reply::hang());
    gateway.bolt("ears").web("camera/x", &hanging.url("/x"));
    let publish = |gateway: &harness::Gateway| gateway.bolt("camera").post("x", "{}");
    until("a refusal", harness::WAIT, || publish(&gateway).status == 429);
    let refused = publish(&gateway);
    assert_bolt_error(&refused, 429, 146);
    assert!(refused.header("retry-after").is_some() && refused.text().contains("[limits] backlog"));
    let waiting = gateway.metric("footbridge_deliveries_pending", "");
    assert!((30..200).contains(&waiting), "{waiting}");
    let other: Value = gateway.bolt("fax").publish("x", &json!({}));
    assert_eq!(other["deliveries"], 0);
    gateway.bolt("ears").unsubscribe("camera/x");
    until("room", std::time::Duration::from_secs(40), || publish(&gateway).status == 200);
    gateway.assert_healthy();
}
