//! Jobs: retry, replay and cancel many deliveries in the background, across a restart.

use harness::{App, Gateway, Receiver, Reply, Setup, WAIT, until};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// A publisher and a subscriber whose deliveries are dead after one attempt if they fail.
fn start(receiver: &Receiver) -> Gateway {
    Setup::new()
        .set("retry", "schedule", "[]")
        .set("limits", "backlog", "100000")
        .app(App::new("camera"))
        .app(App::new("fax").url(&receiver.url("/fax")).hooks(r#""camera/*" = "in""#))
        .start()
}

fn publish(gateway: &Gateway, name: &str, count: usize) {
    let bolt = gateway.bolt("camera");
    for number in 0..count {
        bolt.publish(name, &json!({"body": {"n": number}}));
    }
}

#[track_caller]
fn job(gateway: &Gateway, request: &Value) -> String {
    gateway.admin().send("POST", "jobs", request).expect(201).json()["id"].as_str().unwrap().to_owned()
}

fn show(gateway: &Gateway, id: &str) -> Value {
    gateway.admin().get(&format!("jobs/{id}"))
}

#[track_caller]
fn ended(gateway: &Gateway, id: &str) -> Value {
    let mut job = Value::Null;
    until("the job has ended", WAIT * 6, || {
        job = show(gateway, id);
        job["state"] != "queued" && job["state"] != "running" && job["waiting"] == 0
    });
    job
}

fn number(job: &Value, member: &str) -> u64 {
    job[member].as_u64().unwrap_or_else(|| panic!("no {member} in {job}"))
}

fn dead(gateway: &Gateway) -> u64 {
    gateway.metric("footbridge_deliveries_total", r#"outcome="dead""#)
}

/// How often each delivery arrived.
fn arrivals(receiver: &Receiver) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for request in receiver.requests_at("/fax/in") {
        *counts.entry(request.header("footbridge-delivery-id").unwrap().to_owned()).or_default() += 1;
    }
    counts
}

#[test]
fn thousands_are_retried_across_a_stop_and_a_kill() {
    const COUNT: usize = 5000;
    let receiver = Receiver::start();
    let mut gateway = start(&receiver);
    receiver.at("/fax/in", Reply::status(500));
    std::thread::scope(|scope| {
        for part in 0..4 {
            let gateway = &gateway;
            scope.spawn(move || publish(gateway, if part == 0 { "paid" } else { "sent" }, COUNT / 4));
        }
    });
    until("all are dead", WAIT * 6, || dead(&gateway) == COUNT as u64);
    receiver.at("/fax/in", Reply::status(200));

    let dry = json!({"kind": "retry", "q": "to:fax code:500", "dry_run": true});
    let dry = gateway.admin().send("POST", "jobs", &dry).expect(200).json();
    assert_eq!((number(&dry, "matched"), number(&dry, "apps")), (5000, 1));
    assert_eq!(dry["by_code"], json!([{"value": "500", "count": 5000}]));
    assert_eq!(dry["by_name"], json!([{"value": "sent", "count": 3750}, {"value": "paid", "count": 1250}]));
    assert_eq!((dry["skip"].as_array().unwrap().len(), dry["sample"].as_array().unwrap().len()), (0, 20));
    assert_eq!(dead(&gateway), COUNT as u64, "a dry run changes nothing");

    // A job is stopped while it is at work.
    let first =
        job(&gateway, &json!({"kind": "retry", "q": "name:paid", "pace": 100, "reason": "it is up again"}));
    until("it has begun", WAIT, || number(&show(&gateway, &first), "ok") > 20);
    let begun = std::time::Instant::now();
    gateway.admin().send("POST", &format!("jobs/{first}/stop"), &json!({})).expect(200);
    let stopped = ended(&gateway, &first);
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!((&stopped["state"], &stopped["q"]), (&json!("stopped"), &json!("name:paid status:dead")));
    let done = number(&stopped, "ok");
    assert!(done < 1250 && number(&stopped, "matched") == 1250, "{stopped}");
    assert_eq!(dead(&gateway), COUNT as u64 - done);

    // A job goes on after the server was killed.
    let before = arrivals(&receiver);
    let second = job(&gateway, &json!({"kind": "retry", "q": "to:fax", "pace": 1000}));
    until("it is at work", WAIT, || number(&show(&gateway, &second), "done") > 500);
    gateway.kill9();
    // What the hook may have in flight.
    let in_flight = 8;
    gateway.start_again();
    let resumed = show(&gateway, &second);
    assert!(number(&resumed, "done") > 500 && number(&resumed, "done") < 4900, "{resumed}");
    let done_then = ended(&gateway, &second);
    assert_eq!((&done_then["state"], number(&done_then, "failed")), (&json!("done"), 0), "{done_then}");
    assert_eq!(number(&done_then, "ok"), COUNT as u64 - done);
    assert_eq!((number(&done_then, "matched"), dead(&gateway)), (COUNT as u64 - done, 0));
    let (accepted, all) = gateway.identity();
    assert_eq!((accepted, all), (COUNT as u64, COUNT as u64));

    let mut twice = 0;
    for (id, count) in arrivals(&receiver) {
        let times = count - before.get(&id).copied().unwrap_or(0);
        assert!(times <= 2, "{id} was sent {times} times");
        twice += usize::from(times == 2);
    }
    assert!(twice <= in_flight, "{twice} deliveries were sent twice");
    let log = gateway.admin().all("audit?object=job");
    let actions: Vec<_> = log.iter().rev().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["job.create", "job.stop", "job.create"]);
    assert_eq!(log[2]["note"], "it is up again");
}

#[test]
fn a_younger_hook_gets_the_events_of_a_replay() {
    let receiver = Receiver::start();
    let gateway = start(&receiver);
    publish(&gateway, "paid", 3);
    publish(&gateway, "sent", 2);
    until("all are delivered", WAIT, || receiver.requests_at("/fax/in").len() == 5);
    let hook = json!({"app": "fax", "pattern": "camera/paid", "route": "/later"});
    let hook =
        gateway.admin().send("POST", "hooks", &hook).expect(201).json()["id"].as_str().unwrap().to_owned();
    let id = job(&gateway, &json!({"kind": "replay", "q": "app:camera", "hook": hook}));
    let done = ended(&gateway, &id);
    assert_eq!((number(&done, "matched"), number(&done, "ok")), (5, 3), "{done}");
    assert_eq!(done["skipped"], json!([{"reason": "the pattern of the hook does not match it", "count": 2}]));
    let first: Vec<_> =
        receiver.requests_at("/fax/in").iter().map(|request| request.json()["id"].clone()).collect();
    let later: Vec<_> =
        receiver.requests_at("/fax/later").iter().map(|request| request.json()["id"].clone()).collect();
    assert_eq!(later.len(), 3);
    assert!(later.iter().all(|event| first.contains(event)), "the events are the same");
    let items = gateway.admin().all(&format!("jobs/{id}/items?outcome=ok"));
    assert_eq!(items.len(), 3);
    for item in items {
        assert_eq!(
            gateway.admin().get(&format!("deliveries/{}", item["delivery_id"].as_str().unwrap()))["hook_id"],
            *hook
        );
    }

    // A replay of deliveries goes to their own hooks.
    let id = job(&gateway, &json!({"kind": "replay", "q": format!("hook:{hook} status:delivered")}));
    assert_eq!(number(&ended(&gateway, &id), "ok"), 3);
    assert_eq!(receiver.requests_at("/fax/later").len(), 6);
    assert_eq!(gateway.identity(), (11, 11));
}

#[test]
fn a_job_gives_up_cancels_and_skips() {
    let receiver = Receiver::start();
    let gateway = Setup::new()
        .set("retry", "schedule", r#"["1h"]"#)
        .app(App::new("camera"))
        .app(App::new("fax").url(&receiver.url("/fax")).hooks(r#""camera/*" = "in""#))
        .start();
    receiver.at("/fax/in", Reply::status(503));
    publish(&gateway, "paid", 30);
    until("each was tried", WAIT, || receiver.requests_at("/fax/in").len() == 30);
    let id = job(&gateway, &json!({"kind": "retry", "q": "status:pending", "pace": 10, "stop_after": 5}));
    let failed = ended(&gateway, &id);
    assert_eq!(
        (&failed["state"], &failed["text"]),
        (&json!("failed"), &json!("gave up after 5 failures in a row")),
        "{failed}"
    );
    assert!(number(&failed, "failed") >= 5 && number(&failed, "failed") < 30, "{failed}");

    let id = job(&gateway, &json!({"kind": "cancel", "q": "to:fax", "reason": "nobody wants them"}));
    let done = ended(&gateway, &id);
    assert_eq!((&done["state"], number(&done, "ok")), (&json!("done"), number(&done, "matched")), "{done}");
    let pending = gateway.metric("footbridge_deliveries_total", r#"status="pending""#);
    assert_eq!(pending, 0);
    assert_eq!(
        gateway.admin().all("deliveries?status=cancelled&limit=1")[0]["last_error"],
        "nobody wants them"
    );

    let hook = gateway.admin().all("hooks?app=fax")[0]["id"].as_str().unwrap().to_owned();
    gateway.admin().send("PATCH", &format!("hooks/{hook}"), &json!({"enabled": false})).expect(200);
    let id = job(&gateway, &json!({"kind": "replay", "q": "to:fax -status:pending"}));
    let done = ended(&gateway, &id);
    assert_eq!(
        (&done["state"], number(&done, "ok"), number(&done, "failed")),
        (&json!("done"), 0, 0),
        "{done}"
    );
    assert_eq!(done["skipped"][0]["reason"], "its hook is switched off");
}

/// The part of a job's count that adds up.
#[track_caller]
fn assert_adds_up(job: &Value) {
    let skipped: u64 = job["skipped"].as_array().unwrap().iter().map(|row| number(row, "count")).sum();
    let sum = number(job, "ok") + number(job, "failed") + skipped + number(job, "waiting");
    assert_eq!(sum, number(job, "matched"), "{job}");
}

#[test]
fn a_job_takes_what_matched_when_it_began() {
    let receiver = Receiver::start();
    let mut gateway = Setup::new()
        .set("retry", "schedule", "[]")
        .app(App::new("camera"))
        .app(App::new("fax").url(&receiver.url("/fax")).hooks(r#""camera/*" = "in""#))
        .start();
    receiver.at("/fax/in", Reply::status(503));
    publish(&gateway, "old", 12);
    until("the old ones are dead", WAIT, || dead(&gateway) == 12);
    let hook = gateway.admin().all("hooks?app=fax")[0]["id"].as_str().unwrap().to_owned();
    let lane = |verb: &str| {
        gateway.admin().send("POST", &format!("lanes/{hook}/{verb}"), &json!({})).expect(200);
    };
    // These are pending when the job begins, and die while it runs.
    lane("pause");
    publish(&gateway, "young", 8);
    let request = json!({"kind": "retry", "q": "to:fax status:dead", "pace": 4});
    let id = job(&gateway, &request);
    until("it has begun", WAIT, || show(&gateway, &id)["matched"] == 12);
    lane("resume");
    until("the young ones are dead", WAIT, || {
        gateway.admin().all("deliveries?q=name:young%20status:dead&limit=250").len() == 8
    });
    let done = ended(&gateway, &id);
    assert_eq!((number(&done, "matched"), number(&done, "failed")), (12, 12), "{done}");
    assert_adds_up(&done);

    // What another job has delivered meanwhile is counted as left out, also after the server was killed.
    receiver.at("/fax/in", Reply::status(200));
    let all = json!({"kind": "retry", "q": "to:fax status:dead", "pace": 10});
    let (first, second) = (job(&gateway, &all), job(&gateway, &all));
    until("the first is at work", WAIT, || number(&show(&gateway, &first), "done") > 3);
    gateway.kill9();
    gateway.start_again();
    let (first, second) = (ended(&gateway, &first), ended(&gateway, &second));
    assert_eq!((number(&first, "matched"), number(&first, "ok")), (20, 20), "{first}");
    assert_eq!(number(&second, "ok"), 0, "{second}");
    for job in [&first, &second] {
        assert_adds_up(job);
    }
}

#[test]
fn what_two_jobs_select_is_done_once_and_counted_twice() {
    let receiver = Receiver::start();
    let gateway = start(&receiver);
    receiver.at("/fax/in", Reply::status(503));
    publish(&gateway, "paid", 20);
    until("all are dead", WAIT, || dead(&gateway) == 20);
    receiver.at("/fax/in", Reply::status(200));
    let request = json!({"kind": "retry", "q": "to:fax name:paid", "pace": 20});
    let (first, second) = (job(&gateway, &request), job(&gateway, &request));
    let (first, second) = (ended(&gateway, &first), ended(&gateway, &second));
    assert_eq!((number(&first, "ok"), number(&second, "ok")), (20, 0), "{first} {second}");
    assert_eq!(second["skipped"], json!([{"reason": "it was delivered already", "count": 20}]), "{second}");
    assert_adds_up(&second);
    let items =
        gateway.admin().all(&format!("jobs/{}/items?outcome=skipped", second["id"].as_str().unwrap()));
    assert_eq!(items.len(), 20);
}

#[test]
fn wrong_requests_are_refused() {
    let receiver = Receiver::start();
    let gateway = start(&receiver);
    for (request, part) in [
        (json!({"kind": "repeat", "q": ""}), "`kind`"),
        (json!({"kind": "retry", "q": "colour:red"}), "`q`"),
        (json!({"kind": "replay", "q": ""}), "`q`"),
        (json!({"kind": "retry", "q": "to:fax", "pace": 0}), "`pace`"),
        (json!({"kind": "retry", "q": "to:fax", "stop_after": 0}), "`stop_after`"),
        (json!({"kind": "retry", "q": "to:fax", "speed": 3}), "speed"),
    ] {
        let answer = gateway.admin().send("POST", "jobs", &request).json();
        assert!(answer["detail"].as_str().unwrap().contains(part), "{request}: {answer}");
    }
    gateway.admin().send("GET", "jobs/job_0000000000001", &json!(null)).expect(404);
    gateway.admin().send("POST", "jobs/job_0000000000001/stop", &json!({})).expect(404);
    assert_eq!(gateway.admin().all("jobs").len(), 0);
}
