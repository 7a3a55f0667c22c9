//! Stories: each cause for which an event does not arrive is named with what to do about it.

use harness::{
    ADMIN_TOKEN, App, Gate, Gateway, Receiver, Reply, Setup, WAIT, assert_bridge_error, footbridge,
    refused_address, until, until_some,
};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn publish(gateway: &Gateway, app: &str, name: &str) -> String {
    gateway.bolt(app).publish(name, &json!({}))["id"].as_str().unwrap().to_owned()
}

fn hook_of(gateway: &Gateway, app: &str) -> String {
    gateway.admin().all(&format!("hooks?app={app}"))[0]["id"].as_str().unwrap().to_owned()
}

/// The part of the event's story about an app.
fn told(gateway: &Gateway, event: &str, app: &str) -> Value {
    let story = gateway.admin().get(&format!("events/{event}/story"));
    let found = story["receivers"].as_array().unwrap().iter().find(|receiver| receiver["app"] == app);
    found.unwrap_or_else(|| panic!("nothing about {app}: {story}")).clone()
}

/// Waits until the story names the cause for an app, and returns that part of the story.
#[track_caller]
fn wait_cause(gateway: &Gateway, event: &str, app: &str, code: &str) -> Value {
    let mut found = Value::Null;
    let what = format!("the story says {code} of {app}");
    until(&what, WAIT, || {
        found = told(gateway, event, app);
        found["now"]["code"] == code
    });
    for member in ["then", "now"] {
        assert!(found[member]["text"].as_str().is_some_and(|text| !text.is_empty()), "{found}");
    }
    assert!(found["why"].as_str().is_some_and(|why| !why.is_empty()), "{found}");
    assert!(found["fix"]["text"].as_str().is_some_and(|text| !text.is_empty()), "no fix: {found}");
    assert!(found["fix"]["screen"].as_str().is_some_and(|screen| screen.starts_with('/')), "{found}");
    found
}

/// The milliseconds of a time in an answer, counted from the first day of its month.
fn millis(time: &Value) -> u64 {
    let text = time.as_str().unwrap();
    let part = |range: std::ops::Range<usize>| text[range].parse::<u64>().unwrap();
    let minutes = (part(8..10) * 24 + part(11..13)) * 60 + part(14..16);
    (minutes * 60 + part(17..19)) * 1000 + part(20..23)
}

/// Sends the operation of a fix.
#[track_caller]
fn mend(gateway: &Gateway, told: &Value) {
    let operation = &told["fix"]["operation"];
    let path = operation["path"].as_str().unwrap_or_else(|| panic!("no operation: {told}"));
    let tail = path.strip_prefix("/api/v1/").unwrap();
    let body = if operation["body"].is_null() { json!({}) } else { operation["body"].clone() };
    gateway.admin().done(operation["method"].as_str().unwrap(), tail, &body);
}

#[test]
fn each_cause_is_named_with_its_fix() {
    let (receiver, gate) = (Receiver::start(), Gate::default());
    let one = |name: &str, options: &str| {
        let hooks = format!(r#""shop/paid" = {{ route = "in"{options} }}"#);
        App::new(name).url(&receiver.url(&format!("/{name}"))).hooks(&hooks)
    };
    let with = |name: &str, hooks: &str| App::new(name).url(&receiver.url(&format!("/{name}"))).hooks(hooks);
    let refused = format!("http://{}", refused_address());
    let gateway = Setup::new()
        .set("retry", "schedule", r#"["1h"]"#)
        .app(App::new("shop").line(r#"private = ["paid"]"#))
        .app(one("good", ""))
        .app(with("publisher", r#""other/paid" = "in""#))
        .app(with("name", r#""shop/refunded" = "in""#))
        .app(with("private", r#""shop/*" = "in""#))
        .app(one("ordered", ", ordered = true"))
        .app(one("window", ", in_flight = 1"))
        .app(App::new("down").url(&refused).hooks(r#""shop/paid" = "in""#))
        .app(one("dead", ""))
        .app(one("gone", ""))
        .app(one("hookoff", ""))
        .app(one("held", ""))
        .start();
    let admin = gateway.admin();
    let off = json!({"name": "appoff", "url": receiver.url("/appoff"), "hooks": {"shop/paid": "in"}});
    admin.done("POST", "apps", &off);
    admin.done("PATCH", "apps/appoff", &json!({"enabled": false}));
    admin.done("PATCH", &format!("hooks/{}", hook_of(&gateway, "hookoff")), &json!({"enabled": false}));
    admin.done("POST", &format!("lanes/{}/pause", hook_of(&gateway, "held")), &json!({"reason": "moving"}));
    for app in ["ordered", "dead"] {
        receiver.at(&format!("/{app}/in"), Reply::status(500).with_body("db is down"));
    }
    receiver.at("/gone/in", Reply::status(410));
    receiver.at("/window/in", Reply::json("{}").behind(&gate));
    let first = publish(&gateway, "shop", "paid");
    until("the 410", WAIT, || told(&gateway, &first, "gone")["delivery"]["status"] == "dead");
    until("the first fails", WAIT, || told(&gateway, &first, "dead")["delivery"]["attempts"] == 1);
    admin.done(
        "POST",
        &format!("deliveries/{}/retry", told(&gateway, &first, "dead")["delivery"]["id"].as_str().unwrap()),
        &json!({}),
    );
    let event = publish(&gateway, "shop", "paid");
    admin.done(
        "POST",
        "apps",
        &json!({"name": "later", "url": receiver.url("/later"), "hooks": {"shop/paid": "in"}}),
    );

    let window = wait_cause(&gateway, &event, "window", "waiting_window");
    assert!(window["fix"]["operation"].is_null(), "the hook is the file's: {window}");
    gate.open();
    assert_eq!(wait_cause(&gateway, &event, "publisher", "other_publisher")["got"], false);
    wait_cause(&gateway, &event, "name", "other_event");
    let private = wait_cause(&gateway, &event, "private", "private");
    assert_eq!(private["fix"]["operation"]["body"]["pattern"], "shop/paid", "{private}");
    let app_off = wait_cause(&gateway, &event, "appoff", "app_disabled");
    assert_eq!(app_off["then"]["code"], "app_disabled");
    let hook_off = wait_cause(&gateway, &event, "hookoff", "hook_disabled");
    assert!(
        hook_off["since"].is_string() && hook_off["why"].as_str().unwrap().contains("admin"),
        "{hook_off}"
    );
    let gone = wait_cause(&gateway, &event, "gone", "hook_disabled_410");
    assert_eq!(gone["then"]["code"], "hook_disabled_410", "{gone}");
    wait_cause(&gateway, &first, "gone", "hook_disabled_410");
    let later = wait_cause(&gateway, &event, "later", "hook_made_later");
    assert!(later["changed"].as_str().unwrap().contains("after the event"), "{later}");
    let explained = gateway.admin().all(&format!("events/{event}/explain?app=later"));
    assert_eq!(explained[0]["fix"], later["fix"]);
    let ordered = wait_cause(&gateway, &event, "ordered", "waiting_order");
    assert!(ordered["why"].as_str().unwrap().contains(&first), "{ordered}");
    assert_eq!(ordered["then"]["code"], "gets");
    wait_cause(&gateway, &first, "ordered", "waiting_retry");
    wait_cause(&gateway, &event, "down", "waiting_app");
    let paused = wait_cause(&gateway, &event, "held", "waiting_paused");
    assert!(paused["why"].as_str().unwrap().contains("moving"), "{paused}");
    let dead = wait_cause(&gateway, &first, "dead", "dead");
    assert!(dead["why"].as_str().unwrap().contains("answered 500"), "{dead}");
    let good = told(&gateway, &event, "good");
    assert_eq!(
        (&good["got"], &good["now"]["code"], &good["fix"]),
        (&json!(true), &json!("delivered"), &Value::Null)
    );

    // The operations of the fixes do what they say.
    for app in ["held", "hookoff", "gone", "appoff"] {
        receiver.at(&format!("/{app}/in"), Reply::json("{}"));
        mend(&gateway, &told(&gateway, &event, app));
    }
    mend(&gateway, &later);
    until("the younger hook gets the event", WAIT, || told(&gateway, &event, "later")["got"] == true);
    assert_eq!(receiver.requests_at("/later/in")[0].json()["id"], *event);
    until("the paused lane goes on", WAIT, || told(&gateway, &event, "held")["got"] == true);
    for app in ["hookoff", "gone", "appoff"] {
        let skipped = wait_cause(&gateway, &event, app, "cancelled");
        assert!(skipped["changed"].as_str().unwrap().contains("switched on again"), "{skipped}");
        mend(&gateway, &skipped);
        until("the retried delivery", WAIT, || told(&gateway, &event, app)["got"] == true);
    }
    mend(&gateway, &private);
    assert_eq!(admin.all("hooks?app=private").len(), 2);
}

#[test]
fn a_receiver_that_does_not_answer_is_named() {
    let receiver = Receiver::start();
    let hooks = r#""shop/paid" = { route = "in", answer = "optional" }"#;
    let gateway = Setup::new()
        .set("egress", "timeout", r#""1s""#)
        .app(App::new("shop"))
        .app(App::new("fax").url(&receiver.url("/fax")).hooks(hooks))
        .start();
    receiver.at("/fax/in", Reply::hang());
    let event = publish(&gateway, "shop", "paid");
    let unanswered = wait_cause(&gateway, &event, "fax", "unanswered");
    assert_eq!((&unanswered["got"], &unanswered["then"]["code"]), (&json!(false), &json!("gets")));
    receiver.at("/fax/in", Reply::json("{}"));
    mend(&gateway, &unanswered);
    until("the replay arrives", WAIT, || told(&gateway, &event, "fax")["got"] == true);
}

#[test]
fn an_address_that_the_policy_refuses_is_named() {
    let gateway = Setup::strict()
        .app(App::new("shop"))
        .app(App::new("fax").hooks(r#""shop/paid" = { type = "web", route = "http://localhost:9/x" }"#))
        .start();
    let event = publish(&gateway, "shop", "paid");
    let told = wait_cause(&gateway, &event, "fax", "refused_address");
    assert!(told["fix"]["text"].as_str().unwrap().contains("[egress] allow"), "{told}");
    assert!(told["fix"]["operation"].is_null(), "a retry ends in the same way: {told}");
}

#[test]
fn an_app_that_was_deleted_is_named_in_place_of_its_hook() {
    let gateway = Setup::new().app(App::new("shop")).start();
    gateway.admin().done("POST", "apps", &json!({"name": "short"}));
    let hook =
        json!({"app": "short", "pattern": "shop/sold", "route": "http://localhost:9/y", "type": "web"});
    gateway.admin().done("POST", "hooks", &hook);
    let lane = hook_of(&gateway, "short");
    gateway.admin().done("POST", &format!("lanes/{lane}/pause"), &json!({}));
    let event = publish(&gateway, "shop", "sold");
    gateway.admin().call("DELETE", "apps/short").send().expect(204);
    let told = wait_cause(&gateway, &event, "short", "hook_removed");
    assert!(told["why"].as_str().unwrap().starts_with("the app `short` was deleted"), "{told}");
    assert!(told["fix"]["text"].as_str().unwrap().starts_with("add the app `short`"), "{told}");
}

/// The story of the exchange that was answered so, once it is stored.
fn exchange_story(gateway: &Gateway, answer: &harness::Answer) -> Value {
    let id = answer.header("footbridge-exchange-id").unwrap().to_owned();
    until_some("the exchange is stored", WAIT, || {
        let answer = gateway.admin().call("GET", &format!("exchanges/{id}/story")).send();
        (answer.status == 200).then(|| answer.json())
    })
}

/// The first check of an exchange that failed.
fn failed_check(story: &Value) -> Option<String> {
    let failed = story["checks"].as_array().unwrap().iter().find(|check| check["ok"] == false)?;
    Some(failed["check"].as_str().unwrap().to_owned())
}

#[test]
fn the_story_of_an_exchange_names_the_check_that_failed() {
    let receiver = Receiver::start();
    let gateway = Setup::new()
        .app(App::new("superapp"))
        .app(App::new("shop").receiver(&receiver.url("/shop")))
        .app(App::new("stranger").receiver(&receiver.url("/stranger")))
        .app(App::new("deaf"))
        .link("superapp", "shop")
        .link("superapp", "deaf")
        .start();
    let admin = gateway.admin();
    let send = |to: &str| {
        let body = json!({"app_id": to, "client_id": "superapp", "event_type": "buy", "payload": {}});
        gateway.host("superapp").send(body.to_string())
    };
    let story = |answer: &harness::Answer| exchange_story(&gateway, answer);
    let good = story(&send("shop").expect(200));
    assert_eq!(failed_check(&good), None, "{good}");
    assert_eq!((&good["receivers"][0]["got"], &good["receivers"][0]["fix"]), (&json!(true), &Value::Null));
    assert!(good["checks"].as_array().unwrap().iter().all(|check| check["ok"] == true), "{good}");

    let answer = send("stranger");
    assert_bridge_error(&answer, 403, "UNAUTHORIZED");
    let unlinked = story(&answer);
    assert_eq!(failed_check(&unlinked).as_deref(), Some("link"), "{unlinked}");
    let told = &unlinked["receivers"][0];
    assert_eq!((&told["then"]["code"], &told["now"]["code"]), (&json!("no_link"), &json!("no_link")));
    mend(&gateway, told);
    send("stranger").expect(200);
    let mended = story(&answer);
    assert_eq!(mended["receivers"][0]["now"]["code"], "gets", "{mended}");

    let deaf = story(&send("deaf"));
    assert_eq!(failed_check(&deaf).as_deref(), Some("receiver"), "{deaf}");
    // The operation of the fix switches a receiver on.
    let quiet = json!({"name": "quiet", "receiver_url": receiver.url("/quiet"), "receiver_enabled": false});
    admin.done("POST", "apps", &quiet);
    admin.done("POST", "links", &json!({"host": "superapp", "miniapp": "quiet"}));
    let off = story(&send("quiet"));
    assert_eq!(failed_check(&off).as_deref(), Some("receiver"), "{off}");
    mend(&gateway, &off["receivers"][0]);
    send("quiet").expect(200);
    // Whoever sends under another name is told to correct that; the receiver was not asked.
    let body = json!({"app_id": "shop", "client_id": "stranger", "event_type": "buy", "payload": {}});
    let forged = story(&gateway.host("superapp").send(body.to_string()).expect(403));
    assert_eq!(failed_check(&forged).as_deref(), Some("sender"), "{forged}");
    let fix = &forged["receivers"][0]["fix"];
    assert!(fix["text"].as_str().unwrap().contains("write `superapp` as `client_id`"), "{fix}");
    assert_eq!(fix["screen"], "/apps/superapp?tab=credentials");
    let nobody = story(&send("nobody"));
    assert_eq!(failed_check(&nobody).as_deref(), Some("recipient"), "{nobody}");
    receiver.at("/shop", Reply::status(500));
    let broken = story(&send("shop"));
    assert_eq!(failed_check(&broken).as_deref(), Some("answer"), "{broken}");
    assert!(broken["receivers"][0]["fix"]["text"].is_string(), "{broken}");
    admin.call("GET", "exchanges/exc_0000000000001/story").send().expect(404);
}

#[test]
#[expect(clippy::too_many_lines, reason = "one story from its first step to its last")]
fn a_story_goes_from_the_page_to_all_receivers_and_effects() {
    let receiver = Receiver::start();
    let hooks = |app: &str| {
        format!("\"shop/paid\" = {{ route = {:?}, type = \"web\" }}", receiver.url(&format!("/{app}")))
    };
    let gateway = Setup::new()
        .set("retry", "schedule", r#"["50ms", "1h"]"#)
        .app(App::new("shop"))
        .app(App::new("mailer").hooks(&hooks("mailer")))
        .app(App::new("crm").hooks(&hooks("crm")))
        .start();
    receiver.at("/mailer", Reply::status(503).with_body("db is down"));
    let admin = gateway.admin();
    let token = gateway.setup().app_named("shop").token.clone();
    let call = gateway.call("POST", "/api/v1/tickets").header("X-Bolt-App-Token", token);
    let ticket = call.json(&json!({"use": "forward"})).send().expect(200).json()["ticket"]
        .as_str()
        .unwrap()
        .to_owned();
    let request =
        json!({"to": "publish", "type": "paid", "payload": {"order": 7}, "app_id": "", "client_id": ""});
    let call = gateway
        .call("POST", "/api/v1/forward")
        .header("Authorization", format!("Ticket {ticket}"))
        .header("X-Page-Event-Id", "pev_18f");
    let event = call.json(&request).send().expect(200).json()["id"].as_str().unwrap().to_owned();
    until("two attempts", WAIT, || told(&gateway, &event, "mailer")["delivery"]["attempts"] == 2);
    until("the other", WAIT, || told(&gateway, &event, "crm")["got"] == true);
    let effect = gateway.bolt("crm").call("POST", "customer-seen", "{}").header("Footbridge-Cause", &event);
    let effect = effect.send().expect(200).json()["body"]["id"].clone();
    let story = admin.get(&format!("events/{event}/story"));
    assert_eq!(
        (&story["origin"]["via"], &story["origin"]["page_event"]),
        (&json!("page"), &json!("pev_18f"))
    );
    assert_eq!(story["effects"][0]["id"], effect, "{story}");
    let kinds: Vec<_> =
        story["participants"].as_array().unwrap().iter().map(|who| who["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["page", "host", "server", "app", "app"], "{story}");
    let steps = story["steps"].as_array().unwrap();
    let of = |kind: &str| steps.iter().filter(|step| step["kind"] == kind).collect::<Vec<_>>();
    assert_eq!((of("page").len(), of("stored").len(), of("attempt").len()), (1, 1, 3), "{story}");
    let failed = of("attempt").into_iter().find(|step| step["outcome"] == "failed").unwrap();
    assert_eq!((&failed["text"], &failed["excerpt"]), (&json!("try 1 · 503"), &json!("db is down")));
    let times: Vec<_> = steps.iter().map(|step| step["at"].as_str().unwrap()).collect();
    assert!(times.is_sorted(), "{times:?}");
    // Each attempt of the story is the attempt of its delivery.
    for step in of("attempt") {
        let shown = admin.get(&format!("deliveries/{}", step["ref"].as_str().unwrap()));
        let log = shown["attempt_log"].as_array().unwrap();
        assert!(
            log.iter().any(|made| made["at"] == step["at"] && made["ms"] == step["ms"]),
            "{step} {shown}"
        );
    }
    let published = millis(&of("publish")[0]["at"]);
    for (path, attempts) in [("/mailer", 2), ("/crm", 1)] {
        let requests = receiver.requests_at(path);
        assert_eq!(requests.len(), attempts);
        for request in &requests {
            let (id, number) = ("footbridge-delivery-id", "footbridge-attempt");
            let (id, number) = (request.header(id).unwrap(), request.header(number).unwrap());
            let try_n = format!("try {number} ·");
            let of_request =
                |step: &&&Value| step["ref"] == id && step["text"].as_str().unwrap().starts_with(&try_n);
            let step = *of("attempt").iter().find(of_request).unwrap_or_else(|| panic!("{id}: {story}"));
            let sent = request.json();
            assert_eq!(millis(&sent["time"]), published, "the receiver was told another time");
            let apart = millis(&sent["dispatchTime"]).abs_diff(millis(&step["at"]));
            assert!(apart <= 2, "{apart} ms between the story and what the receiver was told: {step}");
        }
    }
    // The attempts of a delivery and the wait between them add up.
    let tries: Vec<_> = of("attempt").into_iter().filter(|step| step["to"] != "p4").collect();
    let (first, second) = (tries[0], tries[1]);
    assert_eq!(first["ref"], second["ref"], "{story}");
    let pause = millis(&second["at"]) - millis(&first["at"]) - first["ms"].as_u64().unwrap();
    // The jitter of a retry is 20 %, and times are told in whole milliseconds.
    assert!(pause >= 38, "the schedule has 50 ms ± 20 % between the attempts, the story {pause} ms");
    let explained = admin.all(&format!("events/{event}/explain?limit=1"));
    assert_eq!(explained.len(), 2, "{explained:?}");
    let mailer = explained.iter().find(|row| row["hook"]["app"] == "mailer").unwrap();
    assert_eq!((&mailer["then"]["code"], &mailer["now"]["code"]), (&json!("gets"), &json!("waiting_retry")));
    let server = gateway.url("");
    for command in [["event", "story"], ["event", "explain"]] {
        let mut line = command.to_vec();
        line.extend([event.as_str(), "--server", &server, "--admin-token", ADMIN_TOKEN]);
        let shown = footbridge(gateway.dir(), &line, &[]);
        assert!(shown.code == Some(0) && shown.output.contains("waiting_retry"), "{}", shown.output);
    }
}

#[test]
fn a_story_with_fifty_receivers_is_told_at_once() {
    let receiver = Receiver::start();
    let mut setup =
        Setup::new().set("retry", "schedule", r#"["10ms", "10ms", "10ms", "10ms"]"#).app(App::new("shop"));
    for n in 0..50 {
        let hooks = format!("\"shop/paid\" = {{ route = {:?}, type = \"web\" }}", receiver.url("/in"));
        setup = setup.app(App::new(&format!("app{n}")).hooks(&hooks));
    }
    let gateway = setup.start();
    receiver.at("/in", Reply::status(500));
    let event = publish(&gateway, "shop", "paid");
    until("all are dead", WAIT, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    let mut fastest = Duration::MAX;
    let mut story = Value::Null;
    for _ in 0..10 {
        let begun = Instant::now();
        story = gateway.admin().get(&format!("events/{event}/story"));
        fastest = fastest.min(begun.elapsed());
    }
    let (steps, folded) =
        (story["steps"].as_array().unwrap().len(), story["folded"]["steps"].as_u64().unwrap());
    assert_eq!((steps, folded), (200, 52), "250 attempts and two steps before them");
    assert_eq!(story["receivers"].as_array().unwrap().len(), 50);
    // A build without optimisation on a busy machine.
    assert!(fastest < Duration::from_millis(500), "{fastest:?}");
}
