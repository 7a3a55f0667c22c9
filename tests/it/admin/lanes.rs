//! Lanes over the administration API: why a lane waits, pausing it, and cancelling single deliveries.

use harness::{App, Gate, Gateway, Receiver, Reply, Setup, WAIT, footbridge, refused_address, until};
use serde_json::{Value, json};

fn publish(gateway: &Gateway, n: u32) -> String {
    gateway.bolt("camera").publish("x", &json!({"body": {"n": n}}))["id"].as_str().unwrap().to_owned()
}

fn hook_of(gateway: &Gateway, app: &str) -> String {
    gateway.admin().all(&format!("hooks?app={app}"))[0]["id"].as_str().unwrap().to_owned()
}

fn lane(gateway: &Gateway, app: &str) -> Value {
    gateway.admin().get(&format!("lanes/{}", hook_of(gateway, app)))
}

#[track_caller]
fn wait_lane(gateway: &Gateway, app: &str, state: &str, why: Option<&str>) -> Value {
    let mut found = Value::Null;
    until(&format!("the lane of {app} is {state} {why:?}"), WAIT, || {
        found = lane(gateway, app);
        found["state"] == state && found["why"].as_str() == why
    });
    found
}

fn numbers(receiver: &Receiver, path: &str) -> Vec<u64> {
    receiver.requests_at(path).iter().map(|got| got.json()["body"]["n"].as_u64().unwrap()).collect()
}

#[test]
fn each_lane_says_why_it_waits() {
    let (receiver, gate) = (Receiver::start(), Gate::default());
    let one = |name: &str, options: &str| {
        let hooks = format!(r#""x" = {{ route = "in"{options} }}"#);
        App::new(name).url(&receiver.url(&format!("/{name}"))).hooks(&hooks)
    };
    let refused = format!("http://{}", refused_address());
    let gateway = Setup::new()
        .set("retry", "schedule", r#"["1h"]"#)
        .app(App::new("camera"))
        .app(one("good", ""))
        .app(one("failing", ", ordered = true"))
        .app(one("full", ", in_flight = 1"))
        .app(App::new("down").url(&refused).hooks(r#""x" = "in""#))
        .app(one("off", ""))
        .app(one("gone", ""))
        .app(one("held", ""))
        .app(one("closed", ""))
        .start();
    receiver.at("/failing/in", Reply::status(500));
    receiver.at("/gone/in", Reply::status(410));
    receiver.at("/full/in", Reply::json("{}").behind(&gate));
    let admin = gateway.admin();
    admin.done("POST", &format!("lanes/{}/pause", hook_of(&gateway, "held")), &json!({"reason": "moving"}));
    let event = publish(&gateway, 1);
    publish(&gateway, 2);
    let failing = wait_lane(&gateway, "failing", "standing", Some("head_failing"));
    assert_eq!((&failing["pending"], &failing["head"]["event_id"]), (&json!(2), &json!(event)));
    assert!(failing["text"].as_str().unwrap().contains("answered 500"), "{failing}");
    assert!(failing["text"].as_str().unwrap().contains("1 wait behind it"), "{failing}");
    assert!(failing["since"].is_string() && failing["head_age_ms"].is_u64(), "{failing}");
    let full = wait_lane(&gateway, "full", "waiting", Some("window_full"));
    assert_eq!((&full["pending"], &full["in_flight"]), (&json!(2), &json!(1)), "{full}");
    wait_lane(&gateway, "down", "standing", Some("app_down"));
    wait_lane(&gateway, "gone", "off", Some("hook_off_410"));
    let idle = wait_lane(&gateway, "good", "idle", None);
    assert!(idle["head"].is_null() && idle["paused"].is_null(), "{idle}");
    let held = wait_lane(&gateway, "held", "paused", Some("paused"));
    assert_eq!(held["paused"]["reason"], "moving", "{held}");
    assert!(held["text"].as_str().unwrap().contains("moving") && held["since"].is_string(), "{held}");
    admin.done("PATCH", &format!("hooks/{}", hook_of(&gateway, "off")), &json!({"enabled": false}));
    let off = wait_lane(&gateway, "off", "off", Some("hook_off"));
    assert!(off["since"].is_string(), "{off}");
    let standing = admin.all("lanes?state=standing&limit=1");
    let mut apps: Vec<_> = standing.iter().map(|lane| lane["hook"]["app"].as_str().unwrap()).collect();
    apps.sort_unstable();
    assert_eq!(apps, ["down", "failing"]);
    assert_eq!(admin.all("lanes?app=held&limit=5").len(), 1);
    assert_eq!(admin.call("GET", "lanes?state=stuck").send().status, 400);
    let server = gateway.url("");
    let arguments = ["lane", "list", "--server", &server, "--admin-token", harness::ADMIN_TOKEN];
    let shown = footbridge(gateway.dir(), &arguments, &[]);
    assert!(shown.output.contains("window_full") && shown.code == Some(0), "{}", shown.output);
    assert!(shown.output.lines().all(|line| line.chars().count() <= 80), "{}", shown.output);
    gate.open();
}

#[test]
fn a_paused_lane_starts_no_attempt_and_goes_on_in_order() {
    let (receiver, gate) = (Receiver::start(), Gate::default());
    let mut gateway = Setup::new()
        .app(App::new("camera"))
        .app(App::new("fax").url(&receiver.url("/fax")).hooks(r#""x" = { route = "in", ordered = true }"#))
        .app(App::new("control").url(&receiver.url("/control")).hooks(r#""x" = "in""#))
        .start();
    receiver.at("/fax/in", Reply::json("{}").behind(&gate));
    publish(&gateway, 1);
    receiver.wait_at("/fax/in", 1);
    let hook = hook_of(&gateway, "fax");
    let path = format!("lanes/{hook}/pause");
    let paused = gateway.admin().done("POST", &path, &json!({"reason": " upgrade "}));
    assert_eq!((&paused["state"], &paused["pending"]), (&json!("paused"), &json!(1)), "{paused}");
    // The attempt in flight ends normally.
    gate.open();
    until("the first ends", WAIT, || lane(&gateway, "fax")["pending"] == 0);
    for n in 2..=4 {
        publish(&gateway, n);
    }
    receiver.wait_at("/control/in", 4);
    assert_eq!(numbers(&receiver, "/fax/in"), [1]);
    gateway.kill9().start_again();
    publish(&gateway, 5);
    receiver.wait_at("/control/in", 5);
    let paused = lane(&gateway, "fax");
    assert_eq!((&paused["state"], &paused["pending"]), (&json!("paused"), &json!(4)), "{paused}");
    assert_eq!(paused["paused"]["reason"], "upgrade");
    assert_eq!(numbers(&receiver, "/fax/in"), [1]);
    let resumed = gateway.admin().done("POST", &format!("lanes/{hook}/resume"), &json!({}));
    assert!(resumed["paused"].is_null(), "{resumed}");
    receiver.wait_at("/fax/in", 5);
    assert_eq!(numbers(&receiver, "/fax/in"), [1, 2, 3, 4, 5]);
    // To resume a lane that is not paused changes nothing.
    gateway.admin().done("POST", &format!("lanes/{hook}/resume"), &json!({}));
    until("rest", WAIT, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    let (accepted, ended) = gateway.identity();
    assert_eq!(accepted, ended);
}

#[test]
fn the_head_of_a_lane_is_skipped_with_a_reason() {
    let receiver = Receiver::start();
    let gateway = Setup::new()
        .set("retry", "schedule", r#"["1h"]"#)
        .app(App::new("camera"))
        .app(App::new("fax").url(&receiver.url("/fax")).hooks(r#""x" = { route = "in", ordered = true }"#))
        .start();
    receiver.next(Reply::status(503));
    let ids: Vec<String> = (1..=3).map(|n| publish(&gateway, n)).collect();
    wait_lane(&gateway, "fax", "standing", Some("head_failing"));
    let (admin, hook) = (gateway.admin(), hook_of(&gateway, "fax"));
    let delivery = |event: &str| admin.delivery(event)["id"].as_str().unwrap().to_owned();
    let (head, second) = (delivery(&ids[0]), delivery(&ids[1]));
    let skip = |body: &Value| admin.send("POST", &format!("lanes/{hook}/skip"), body);
    let wrong = skip(&json!({"delivery_id": second, "reason": "not this one"})).expect(409).json();
    assert_eq!(wrong["code"], "not_the_head");
    assert!(wrong["detail"].as_str().unwrap().contains(&head), "{wrong}");
    skip(&json!({"delivery_id": head, "reason": "  "})).expect(422);
    skip(&json!({"delivery_id": head, "reason": "a\nb"})).expect(422);
    skip(&json!({"delivery_id": head})).expect(422);
    assert_eq!(lane(&gateway, "fax")["pending"], 3);
    let skipped = skip(&json!({"delivery_id": head, "reason": "the order was a test"})).expect(200).json();
    assert_eq!((&skipped["id"], &skipped["status"]), (&json!(head), &json!("cancelled")));
    assert!(skipped["last_error"].as_str().unwrap().ends_with(": the order was a test"), "{skipped}");
    // The others follow in order, and at once.
    receiver.wait_at("/fax/in", 3);
    assert_eq!(numbers(&receiver, "/fax/in"), [1, 2, 3]);
    until("rest", WAIT, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    assert_eq!(
        skip(&json!({"delivery_id": second, "reason": "late"})).expect(409).json()["code"],
        "not_pending"
    );
    assert_eq!(gateway.identity(), (3, 3));
    admin.send("POST", &format!("deliveries/{head}/retry"), &json!({})).expect(202);
    receiver.wait_at("/fax/in", 4);
    until("a skipped one can be retried", WAIT, || admin.delivery(&ids[0])["status"] == "delivered");
}

#[test]
fn a_delivery_that_is_cancelled_in_flight_is_not_attempted_again() {
    let (receiver, gate) = (Receiver::start(), Gate::default());
    let gateway = Setup::new()
        .set("retry", "schedule", r#"["100ms", "100ms", "100ms", "1h"]"#)
        .app(App::new("camera"))
        .app(App::new("fax").url(&receiver.url("/fax")).hooks(r#""x" = "in""#))
        .start();
    receiver.at("/fax/in", Reply::status(503).behind(&gate));
    let (first, second) = (publish(&gateway, 1), publish(&gateway, 2));
    receiver.wait_at("/fax/in", 2);
    let admin = gateway.admin();
    let id = admin.delivery(&first)["id"].as_str().unwrap().to_owned();
    let cancelled = admin.done("POST", &format!("deliveries/{id}/cancel"), &json!({}));
    assert_eq!(cancelled["status"], "cancelled");
    gate.open();
    // The other one is retried on the schedule.
    until("three attempts of the other", WAIT, || admin.delivery(&second)["attempts"] == 3);
    assert_eq!(numbers(&receiver, "/fax/in").iter().filter(|n| **n == 1).count(), 1);
    let again = admin.send("POST", &format!("deliveries/{id}/cancel"), &json!({"reason": "again"}));
    assert_eq!(again.expect(409).json()["code"], "not_pending");
    admin.send("POST", "deliveries/dlv_0000000000001/cancel", &json!({})).expect(404);
    assert_eq!(gateway.metric("footbridge_deliveries_pending", ""), 1);
    // Retried by hand, it is attempted again.
    receiver.at("/fax/in", Reply::json("{}"));
    admin.send("POST", &format!("deliveries/{id}/retry"), &json!({})).expect(202);
    until("delivered", WAIT, || admin.delivery(&first)["status"] == "delivered");
}
