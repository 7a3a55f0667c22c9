//! Callers that are limited to some apps learn nothing about the others.

use harness::{App, Gateway, Receiver, Reply, Sse, WAIT, until};
use serde_json::{Value, json};

use super::{add_token, setup, with_token};

/// An event of `shop` that `crm` gets, `mailer` refuses and `audit` misses; the token sees `crm` only.
fn given(receiver: &Receiver) -> (Gateway, String, String) {
    receiver.at("/refuses", Reply::status(503));
    let gateway = setup()
        .set("retry", "schedule", "[]")
        .app(App::new("shop"))
        .app(App::new("crm"))
        .app(App::new("mailer"))
        .app(App::new("audit"))
        .start();
    gateway.bolt("crm").web("shop/*", &receiver.url("/takes"));
    gateway.bolt("mailer").web("shop/*", &receiver.url("/refuses"));
    gateway.bolt("audit").web("shop/*", &format!("http://{}/", harness::refused_address()));
    let event = gateway.bolt("shop").publish("paid", &json!({}))["id"].as_str().unwrap().to_owned();
    until("all have ended", WAIT, || {
        gateway.admin().get(&format!("events/{event}"))["statuses"] == json!({"dead": 2, "delivered": 1})
    });
    let token = add_token(&gateway, &json!({"name": "crm", "role": "owner", "apps": ["crm"]}));
    (gateway, token, event)
}

#[test]
fn a_limited_token_learns_nothing_about_other_apps() {
    let receiver = Receiver::start();
    let (gateway, token, event) = given(&receiver);
    let get = |tail: &str| with_token(&gateway, &token, "GET", tail).send().expect(200).json();
    let hook_of =
        |app: &str| gateway.admin().all(&format!("hooks?app={app}"))[0]["id"].as_str().unwrap().to_owned();
    let (mailer, crm) = (hook_of("mailer"), hook_of("crm"));

    // What it sees of the event, and of deliveries by searches, is its own part.
    for shown in [get(&format!("events/{event}")), get("events")["data"][0].clone()] {
        assert_eq!(
            (&shown["deliveries"], &shown["statuses"]),
            (&json!(1), &json!({"delivered": 1})),
            "{shown}"
        );
    }
    for (query, found) in [
        ("to:crm", 1),
        ("to:mailer", 0),
        ("to:audit%20status:dead", 0),
        ("status:dead", 0),
        ("-status:dead", 1),
        ("code:503", 0),
        ("error:refused", 0),
        (&*format!("hook:{mailer}"), 0),
        (&*format!("hook:{crm}"), 1),
        ("took:%3E0ms%20code:503", 0),
    ] {
        let rows = get(&format!("events?q={query}"));
        assert_eq!(rows["data"].as_array().unwrap().len(), found, "{query}: {rows}");
    }

    // Stories and explanations name nobody else, not even as a number.
    let story = get(&format!("events/{event}/story"));
    let steps = story["steps"].to_string();
    assert!(steps.contains("stored with 1 delivery") && !steps.contains("503"), "{steps}");
    assert_eq!(story["receivers"].as_array().unwrap().len(), 1);
    for text in [story.to_string(), get(&format!("events/{event}/explain")).to_string()] {
        for word in ["mailer", "audit", "another app"] {
            assert!(!text.contains(word), "{word}: {text}");
        }
    }
    let explain = |body: Value| with_token(&gateway, &token, "POST", "explain").json(&body).send();
    let asked = json!({"publisher": "shop", "name": "paid", "subscribers": ["crm", "mailer", "zzz"]});
    let answer = explain(asked).expect(200).json();
    assert_eq!((&answer["would_get"], answer["data"].as_array().unwrap().len()), (&json!(1), 1), "{answer}");
    let warning = |name: &str| format!("no app among those that you are limited to is called `{name}`");
    assert_eq!(answer["warnings"], json!([warning("shop"), warning("mailer"), warning("zzz")]));
    let other = json!({"change": "hook", "id": mailer, "enabled": false});
    let answer = explain(json!({"publisher": "shop", "name": "paid", "with": [other]})).expect(422);
    assert!(answer.text().contains("does not exist"), "{}", answer.text());
    let off = json!([{"change": "app", "name": "mailer", "enabled": false}]);
    let answer = explain(json!({"publisher": "shop", "name": "paid", "with": off})).expect(200).json();
    assert_eq!((&answer["would_get"], &answer["would_lose"]), (&json!(1), &json!([])), "{answer}");
}

#[test]
fn a_limited_token_gets_the_statistics_and_checks_of_its_app() {
    let receiver = Receiver::start();
    let (gateway, token, _) = given(&receiver);
    let get = |tail: &str| with_token(&gateway, &token, "GET", tail).send().expect(200).json();
    let now = get("stats/now");
    assert!(now["account"].is_null() && now["rates"].is_null(), "{now}");
    assert_eq!(now["apps"].as_array().unwrap().len(), 1, "{now}");
    for metric in ["dead", "failed", "attempts"] {
        for query in ["", "&by=to", "&app=crm", "&by=name"] {
            let series = get(&format!("stats/series?metric={metric}{query}"));
            let points = series["lines"]
                .as_array()
                .unwrap()
                .iter()
                .flat_map(|line| line["points"].as_array().unwrap());
            let sum: f64 = points.filter_map(Value::as_f64).sum();
            let expected = if metric == "attempts" { 1.0 } else { 0.0 };
            assert!((sum - expected).abs() < 0.01, "{metric}{query}: {series}");
        }
    }
    let top = get("stats/top?by=error");
    assert_eq!(top["data"], json!([]));
    for tail in ["stats/edges", "stats/top?by=edge&metric=attempts", "doctor"] {
        let text = get(tail).to_string();
        assert!(!text.contains("mailer") && !text.contains("audit"), "{tail}: {text}");
        assert!(text.contains("crm"), "{tail}: {text}");
    }
    assert!(gateway.admin().get("doctor").to_string().contains("mailer"));
}

#[test]
fn a_publisher_does_not_learn_who_gets_its_events() {
    let receiver = Receiver::start();
    let (gateway, _, event) = given(&receiver);
    let token = add_token(&gateway, &json!({"name": "shop", "role": "owner", "apps": ["shop"]}));
    let get = |tail: &str| with_token(&gateway, &token, "GET", tail).send().expect(200).json();
    let shown = get(&format!("events/{event}"));
    assert_eq!((&shown["deliveries"], &shown["statuses"]), (&json!(0), &json!({})), "{shown}");
    assert_eq!(get("events?q=status:dead")["data"], json!([]));
    for tail in [
        format!("events/{event}/story"),
        "stats/edges".to_owned(),
        "stats/series?metric=dead&by=to".to_owned(),
    ] {
        let text = get(&tail).to_string();
        for word in ["mailer", "audit", "\"crm\""] {
            assert!(!text.contains(word), "{tail}: {text}");
        }
    }
    let accepted = get("stats/series?metric=accepted");
    assert!(
        accepted["lines"][0]["points"].as_array().unwrap().iter().any(|point| *point == json!(1.0)),
        "{accepted}"
    );
}

#[test]
fn a_limited_tail_shows_the_events_that_its_app_gets() {
    let receiver = Receiver::start();
    let (gateway, token, _) = given(&receiver);
    let header = format!("Authorization: Bearer {token}\r\n");
    let mut tail = Sse::open_with(gateway.address(), "tail?kinds=event", &header);
    tail.wait("ping");
    // Nobody else's events come between.
    gateway.bolt("mailer").publish("own", &json!({}));
    let event = gateway.bolt("shop").publish("paid", &json!({}))["id"].as_str().unwrap().to_owned();
    let row = tail.wait("event");
    assert_eq!((&row["id"], &row["deliveries"]), (&json!(event), &json!(1)), "{row}");
}

#[test]
fn acts_on_deliveries_and_jobs_leave_their_states_in_the_audit_log() {
    let receiver = Receiver::start();
    let (gateway, _, _) = given(&receiver);
    let admin = gateway.admin();
    let dead = admin.all("deliveries?q=to:mailer")[0]["id"].as_str().unwrap().to_owned();
    let hook = admin.all("hooks?app=mailer")[0]["id"].as_str().unwrap().to_owned();
    admin.send("POST", &format!("lanes/{hook}/pause"), &json!({})).expect(200);
    admin.send("POST", &format!("deliveries/{dead}/retry"), &json!({})).expect(202);
    admin.send("POST", &format!("deliveries/{dead}/cancel"), &json!({"reason": "why"})).expect(200);
    admin.send("POST", &format!("deliveries/{dead}/replay"), &json!({})).expect(202);
    let log = admin.all(&format!("audit?object=delivery:{dead}"));
    let states: Vec<_> = log
        .iter()
        .rev()
        .map(|entry| {
            (entry["action"].as_str().unwrap(), &entry["before"]["status"], &entry["after"]["status"])
        })
        .collect();
    let (dead, pending, cancelled) = (json!("dead"), json!("pending"), json!("cancelled"));
    assert_eq!(
        states,
        [
            ("delivery.retry", &dead, &pending),
            ("delivery.cancel", &pending, &cancelled),
            ("delivery.replay", &cancelled, &cancelled)
        ]
    );
    assert!(log[0]["after"]["replayed_as"].as_str().unwrap().starts_with("dlv_"));
}
