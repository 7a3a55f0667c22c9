//! Starting: on demand, once, ready when it listens.

use std::time::{Duration, Instant};

use harness::{Gateway, Shelf, assert_bolt_error, each, processes_at, until};
use serde_json::{Value, json};

use super::stand::{LONG, ended, names, publish, setup, slow_boot, stand, watched};

#[test]
fn a_hundred_events_start_a_stopped_app_once_and_all_arrive() {
    const EVENTS: usize = 100;
    let (shelf, gateway) = stand();
    gateway.apps().install(&slow_boot(&shelf, "worker", 400));
    let calls: Vec<_> = (0..EVENTS)
        .map(|n| gateway.bolt("pen").call("POST", "work", json!({"body": n}).to_string()).spawn())
        .collect();
    for call in calls {
        call.join().unwrap().unwrap().expect(200);
    }
    let got = shelf.wait_got("worker", "/hooks/work", EVENTS);
    let mut bodies: Vec<u64> = got.iter().map(|event| event["body"].as_u64().unwrap()).collect();
    bodies.sort_unstable();
    bodies.dedup();
    assert_eq!(bodies.len(), EVENTS, "some came twice, so some are missing: {bodies:?}");
    until("the record of every delivery", LONG, || {
        gateway.admin().all("deliveries?app=worker&status=delivered&limit=250").len() >= EVENTS
    });
    for delivery in gateway.admin().all("deliveries?app=worker&limit=250") {
        assert_eq!(delivery["attempts"], 1, "an app that starts is waited for, not tried: {delivery}");
    }
    assert_eq!(shelf.noted("worker", "boot").len(), 1);
    let first = shelf.noted("worker", "got").remove(0);
    assert_eq!(first["url"], "/hooks/starting", "something came before its token: {first}");
    let (accepted, ended) = gateway.identity();
    assert_eq!(accepted, ended);
}

#[test]
fn apps_that_never_listen_delay_no_other() {
    let (shelf, gateway) = stand();
    for n in 0..12 {
        let name = format!("mute-{n}");
        let package = json!({"name": name, "version": "1.0.0", "footbridge": {"command": ["sleep", "1000"]},
            "bolt": {"hooks": {"work": "hooks/work"}}});
        gateway.apps().install(&shelf.write(&name, &package, &[]));
    }
    gateway.apps().install(&shelf.recorder("well", &json!({"hooks": {"other": "hooks/other"}})));
    publish(&gateway, "work", &json!(1));
    until("the start of those that never listen", LONG, || {
        processes_at(shelf.path(), &gateway.url("")).len() >= 12
    });
    let begun = Instant::now();
    publish(&gateway, "other", &json!(1));
    shelf.wait_got("well", "/hooks/other", 1);
    gateway.apps().uninstall("well");
    // The others are given up after 20 seconds.
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn starts_from_every_side_at_once_are_one_start() {
    let (shelf, gateway) = stand();
    gateway.apps().install(&slow_boot(&shelf, "worker", 300));
    let starts: Vec<_> = (0..20).map(|_| gateway.apps().starting("worker").spawn()).collect();
    let visits: Vec<_> = (0..20).map(|_| gateway.apps().visit("GET", "worker", "/page").spawn()).collect();
    for n in 0..20 {
        publish(&gateway, "work", &json!(n));
    }
    let pids: Vec<Value> = starts
        .into_iter()
        .map(|start| start.join().unwrap().unwrap().expect(200).json()["body"]["pid"].clone())
        .collect();
    assert!(pids[0].is_u64() && pids.iter().all(|pid| *pid == pids[0]), "{pids:?}");
    for visit in visits {
        assert_eq!(visit.join().unwrap().unwrap().expect(200).header("x-app"), Some("worker"));
    }
    shelf.wait_got("worker", "/hooks/work", 20);
    assert_eq!(shelf.noted("worker", "boot").len(), 1);
    assert_eq!(gateway.apps().live().len(), 1);
}

#[test]
fn a_fast_app_is_not_made_to_wait() {
    let (shelf, gateway) = stand();
    gateway.apps().install(&shelf.recorder("quick", &json!({"hooks": {"x": "x"}})));
    let begun = Instant::now();
    publish(&gateway, "x", &json!(1));
    shelf.wait_got("quick", "/x", 1);
    // Bolt took more than 2 s whatever the app did; nothing here is as slow as that on any machine.
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[test]
fn a_starting_app_is_told_its_token_and_address_and_no_other_app_is() {
    let (shelf, gateway, watcher) = watched();
    let nosy = json!({"hooks": {"*": "all", "bolt/app-starting": "hooks/starting", "app-starting": "mine"}});
    gateway.apps().install(&shelf.recorder("nosy", &nosy));
    gateway.apps().start("nosy");
    gateway.apps().install(&shelf.recorder("subject", &json!({"system": true})));
    let context = gateway.apps().start("subject");
    let event = shelf.wait_got("subject", "/hooks/starting", 1).remove(0);
    assert_eq!((&event["name"], &event["publisher"]), (&json!("app-starting"), &json!("bolt")), "{event}");
    let body = &event["body"];
    let mut members: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(members, ["appName", "appPort", "appToken", "host", "port", "protocol"], "{event}");
    assert_eq!(body["appName"], "subject");
    assert_eq!(body["appPort"], context["port"], "{event} {context}");
    assert_eq!(body["protocol"].as_str().unwrap().trim_end_matches(':'), "http", "{event}");
    assert_eq!(body["host"], gateway.address().ip().to_string());
    let port = body["port"].as_str().map_or_else(|| body["port"].to_string(), str::to_owned);
    assert_eq!(port, gateway.address().port().to_string());
    assert_eq!(event["token"], body["appToken"], "an app can tell that it is its own event");
    let token = shelf.token("subject");
    assert_eq!(gateway.bolt_with(&token).publish("hello", &json!({}))["publisher"], "subject");
    // Whoever else listened for it got only its own.
    shelf.wait_got("nosy", "/all", 1);
    until("app-started at the watcher", LONG, || {
        watcher
            .got_at("/bolt")
            .iter()
            .any(|got| got.text().contains("\"app-started\"") && got.text().contains("subject"))
    });
    let heard = shelf.notes().into_iter().filter(|note| note["app"] == "nosy").collect::<Vec<_>>();
    assert!(!json!(heard).to_string().contains(&token), "another app was told the token");
    for got in watcher.got() {
        assert_ne!(got.json()["name"], "app-starting", "{}", got.text());
        assert!(!got.whole().contains(&token));
    }
    for event in shelf.got("nosy", "/mine").iter().chain(&shelf.got("nosy", "/all")) {
        assert!(event["name"] != "app-starting" || event["body"]["appName"] == "nosy", "{event}");
    }
}

#[test]
fn a_token_lives_as_long_as_the_run() {
    let (shelf, gateway) = stand();
    gateway.apps().install(&shelf.recorder("brief", &json!({})));
    gateway.apps().start("brief");
    let first = shelf.token("brief");
    assert_eq!(gateway.apps().start("brief")["name"], "brief", "starting what runs gives its context");
    assert_eq!(shelf.token("brief"), first);
    gateway.apps().stop("brief");
    assert_bolt_error(&gateway.bolt_with(&first).post("x", "{}"), 401, 113);
    gateway.apps().start("brief");
    shelf.wait_got("brief", "/hooks/starting", 2);
    let second = shelf.token("brief");
    assert_ne!(first, second);
    assert_bolt_error(&gateway.bolt_with(&first).post("x", "{}"), 401, 113);
    gateway.bolt_with(&second).publish("x", &json!({}));
}

#[test]
fn the_token_works_from_just_before_the_app_is_told_of_it() {
    let (shelf, gateway) = stand();
    // It publishes and subscribes inside its `app-starting` handler, and answers only then.
    let server = r"
        const note = require('note');
        const read = async (request) => { let text = ''; for await (const part of request) text += part; return JSON.parse(text); };
        module.exports = async (request, response) => {
          const event = await read(request);
          if (event.name === 'app-starting') {
            const call = async (path, body) => {
              const answer = await fetch(process.env.BOLT_ADDRESS + '/api/events/' + path, {
                method: 'POST', body: JSON.stringify(body), headers: { 'x-bolt-app-token': event.body.appToken } });
              return { status: answer.status, answer: await answer.json() };
            };
            note('subscribed', await call('sub/pen/ping', { route: '/ping' }));
            note('published', await call('awake', { body: { now: true } }));
          }
          note('event', { name: event.name, url: request.url });
          response.end();
        };";
    let package = json!({"name": "eager", "bolt": {"main": "server.js",
        "hooks": {"bolt/app-starting": "starting", "eager/awake": "awake"}}});
    gateway.apps().install(&shelf.write("eager", &package, &[("server.js", server)]));
    gateway.apps().start("eager");
    for what in ["subscribed", "published"] {
        let noted = shelf.wait("eager", what, 1);
        assert_eq!(noted[0]["status"], 200, "{noted:?}");
    }
    publish(&gateway, "ping", &json!(1));
    shelf.wait("eager", "event", 3);
    let mut seen: Vec<String> =
        shelf.noted("eager", "event").iter().map(|note| note["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(seen.remove(0), "app-starting", "its own event came before the answer to app-starting");
    seen.sort();
    assert_eq!(seen, ["awake", "ping"]);
}

#[test]
fn an_app_that_never_answers_its_first_event_still_starts() {
    let (shelf, gateway) = stand();
    gateway.apps().install(&shelf.sample("chat"));
    let begun = Instant::now();
    gateway.apps().start("chat");
    // At most 2 s are waited for an answer, beside what Express needs on a busy machine.
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    assert_eq!(shelf.wait("chat", "starting", 1).len(), 1);
    let posted =
        gateway.apps().visit("POST", "chat", "/chats").json(&json!({"text": "hi"})).send().expect(201);
    assert_eq!(posted.json()["error"], Value::Null, "{}", posted.text());
    let heard = shelf.wait("chat", "heard", 1).remove(0);
    assert_eq!(heard["event"]["body"], json!({"text": "hi"}));
    assert_eq!(heard["event"]["publisher"], "chat");
    let delivery = ended(&gateway, posted.json()["published"]["body"]["id"].as_str().unwrap());
    assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("unanswered"), &json!(1)), "{delivery}");
}

#[test]
fn a_context_says_where_an_app_listens() {
    let (shelf, gateway) = stand();
    for name in ["camera", "weather"] {
        gateway.apps().install(&shelf.sample(name));
        let context = gateway.apps().start(name);
        assert_eq!(context["name"], name, "{context}");
        assert_eq!(context["app"]["name"], name, "{context}");
        assert_eq!(context["path"], shelf.path().join(name).to_str().unwrap(), "{context}");
        let port = context["port"].as_u64().unwrap();
        let host = context["host"].as_str().unwrap();
        std::net::TcpStream::connect((host, u16::try_from(port).unwrap())).unwrap();
        let pid = context["pid"].as_u64().unwrap();
        assert!(std::path::Path::new(&format!("/proc/{pid}")).exists(), "{context}");
    }
    let live = gateway.apps().live();
    assert_eq!(live.len(), 2, "{live:?}");
    let tokens = shelf.tokens();
    assert_eq!(tokens.len(), 2);
    each(&tokens, |(_, token)| assert!(!json!(live).to_string().contains(token.as_str())));
}

#[test]
fn a_module_or_an_app_without_anything_to_run_is_not_started() {
    let (shelf, gateway) = stand();
    gateway.apps().install(&shelf.sample("thumbs"));
    let answer = gateway.apps().starting("thumbs").send();
    assert!((400..500).contains(&answer.status), "{}", answer.text());
    assert!(answer.json()["code"].as_u64().is_some_and(|code| code > 0), "{}", answer.text());
    assert!(gateway.apps().live().is_empty());
}

#[test]
fn an_app_that_listens_for_the_start_of_the_server_runs_from_then_on() {
    let shelf = Shelf::new();
    let mut gateway = setup().start();
    gateway.apps().install(&shelf.recorder("early", &json!({"hooks": {"bolt/system-started": "up"}})));
    assert!(gateway.apps().live().is_empty());
    gateway.stop().start_again();
    let up = shelf.wait_got("early", "/up", 1);
    assert_eq!(names(&up), ["system-started"]);
    assert_eq!(shelf.noted("early", "boot").len(), 1);
    runs_alone(&gateway, "early");
}

#[track_caller]
fn runs_alone(gateway: &Gateway, app: &str) {
    let live = gateway.apps().live();
    assert!(live.len() == 1 && live[0]["name"] == app, "{live:?}");
}
