//! Starting apps: on demand, one process for concurrent starts, ready when the app listens.

use std::time::{Duration, Instant};

use harness::{AppDir, Gateway, assert_bolt_error, each, processes_at, until};
use serde_json::{Value, json};

use super::common::{LONG, ended, names, publish, setup, slow_boot, start_server, start_watched_server};

#[test]
fn a_hundred_events_start_a_stopped_app_once_and_all_arrive() {
    const EVENTS: usize = 100;
    let (app_dir, gateway) = start_server();
    gateway.apps().install(&slow_boot(&app_dir, "worker", 400));
    let calls: Vec<_> = (0..EVENTS)
        .map(|n| gateway.bolt("pen").call("POST", "work", json!({"body": n}).to_string()).spawn())
        .collect();
    for call in calls {
        call.join().unwrap().unwrap().expect(200);
    }
    let got = app_dir.wait_requests("worker", "/hooks/work", EVENTS);
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
    assert_eq!(app_dir.noted("worker", "boot").len(), 1);
    let first = app_dir.noted("worker", "got").remove(0);
    assert_eq!(first["url"], "/hooks/starting", "something came before its token: {first}");
    let (accepted, ended) = gateway.identity();
    assert_eq!(accepted, ended);
}

#[test]
fn apps_that_never_listen_delay_no_other() {
    let (app_dir, gateway) = start_server();
    for n in 0..12 {
        let name = format!("mute-{n}");
        let package = json!({"name": name, "version": "1.0.0", "footbridge": {"command": ["sleep", "1000"]},
            "bolt": {"hooks": {"work": "hooks/work"}}});
        gateway.apps().install(&app_dir.write(&name, &package, &[]));
    }
    gateway.apps().install(&app_dir.recorder("well", &json!({"hooks": {"other": "hooks/other"}})));
    publish(&gateway, "work", &json!(1));
    until("the start of those that never listen", LONG, || {
        processes_at(app_dir.path(), &gateway.url("")).len() >= 12
    });
    let begun = Instant::now();
    publish(&gateway, "other", &json!(1));
    app_dir.wait_requests("well", "/hooks/other", 1);
    gateway.apps().uninstall("well");
    // Less than the start timeout of the others, which is 20 s.
    assert!(begun.elapsed() < Duration::from_secs(18), "{:?}", begun.elapsed());
}

#[test]
fn concurrent_starts_of_all_kinds_start_one_process() {
    let (app_dir, gateway) = start_server();
    gateway.apps().install(&slow_boot(&app_dir, "worker", 300));
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
    app_dir.wait_requests("worker", "/hooks/work", 20);
    assert_eq!(app_dir.noted("worker", "boot").len(), 1);
    assert_eq!(gateway.apps().running().len(), 1);
}

#[test]
fn a_fast_app_starts_without_added_delay() {
    let (app_dir, gateway) = start_server();
    gateway.apps().install(&app_dir.recorder("quick", &json!({"hooks": {"x": "x"}})));
    // Bolt adds 2 s to every start. The fastest of several starts shows no such delay even on a busy machine.
    let mut times = Vec::new();
    while times.iter().all(|time| *time >= Duration::from_secs(2)) {
        assert!(times.len() < 8, "every start took {times:?}");
        let begun = Instant::now();
        publish(&gateway, "x", &json!(1));
        app_dir.wait_requests("quick", "/x", times.len() + 1);
        times.push(begun.elapsed());
        gateway.apps().stop("quick");
    }
}

#[test]
fn only_the_starting_app_receives_its_token_and_address() {
    let (app_dir, gateway, watcher) = start_watched_server();
    let nosy = json!({"hooks": {"*": "all", "bolt/app-starting": "hooks/starting", "app-starting": "mine"}});
    gateway.apps().install(&app_dir.recorder("nosy", &nosy));
    gateway.apps().start("nosy");
    gateway.apps().install(&app_dir.recorder("subject", &json!({"system": true})));
    let context = gateway.apps().start("subject");
    let event = app_dir.wait_requests("subject", "/hooks/starting", 1).remove(0);
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
    let token = app_dir.token("subject");
    assert_eq!(gateway.bolt_with(&token).publish("hello", &json!({}))["publisher"], "subject");
    // Other apps with this hook received only their own token.
    app_dir.wait_requests("nosy", "/all", 1);
    until("app-started at the watcher", LONG, || {
        watcher
            .requests_at("/bolt")
            .iter()
            .any(|got| got.text().contains("\"app-started\"") && got.text().contains("subject"))
    });
    let received = app_dir.notes().into_iter().filter(|note| note["app"] == "nosy").collect::<Vec<_>>();
    assert!(!json!(received).to_string().contains(&token), "another app got the token");
    for got in watcher.requests() {
        assert_ne!(got.json()["name"], "app-starting", "{}", got.text());
        assert!(!got.whole().contains(&token));
    }
    for event in app_dir.requests("nosy", "/mine").iter().chain(&app_dir.requests("nosy", "/all")) {
        assert!(event["name"] != "app-starting" || event["body"]["appName"] == "nosy", "{event}");
    }
}

#[test]
fn a_token_is_valid_as_long_as_the_run() {
    let (app_dir, gateway) = start_server();
    gateway.apps().install(&app_dir.recorder("brief", &json!({})));
    gateway.apps().start("brief");
    let first = app_dir.token("brief");
    assert_eq!(gateway.apps().start("brief")["name"], "brief", "starting what runs gives its context");
    assert_eq!(app_dir.token("brief"), first);
    gateway.apps().stop("brief");
    assert_bolt_error(&gateway.bolt_with(&first).post("x", "{}"), 401, 113);
    gateway.apps().start("brief");
    app_dir.wait_requests("brief", "/hooks/starting", 2);
    let second = app_dir.token("brief");
    assert_ne!(first, second);
    assert_bolt_error(&gateway.bolt_with(&first).post("x", "{}"), 401, 113);
    gateway.bolt_with(&second).publish("x", &json!({}));
}

#[test]
fn the_token_is_valid_before_the_app_receives_it() {
    let (app_dir, gateway) = start_server();
    // The app publishes and subscribes in its `app-starting` handler before it answers.
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
    gateway.apps().install(&app_dir.write("eager", &package, &[("server.js", server)]));
    gateway.apps().start("eager");
    for what in ["subscribed", "published"] {
        let noted = app_dir.wait("eager", what, 1);
        assert_eq!(noted[0]["status"], 200, "{noted:?}");
    }
    publish(&gateway, "ping", &json!(1));
    app_dir.wait("eager", "event", 3);
    let mut seen: Vec<String> = app_dir
        .noted("eager", "event")
        .iter()
        .map(|note| note["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(seen.remove(0), "app-starting", "its own event came before the answer to app-starting");
    seen.sort();
    assert_eq!(seen, ["awake", "ping"]);
}

#[test]
fn an_app_that_never_answers_its_first_event_still_starts() {
    let (app_dir, gateway) = start_server();
    gateway.apps().install(&app_dir.sample("chat"));
    let begun = Instant::now();
    gateway.apps().start("chat");
    // The server waits at most 2 s for an answer. The rest is for Express on a busy machine.
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    assert_eq!(app_dir.wait("chat", "starting", 1).len(), 1);
    let posted =
        gateway.apps().visit("POST", "chat", "/chats").json(&json!({"text": "hi"})).send().expect(201);
    assert_eq!(posted.json()["error"], Value::Null, "{}", posted.text());
    let received = app_dir.wait("chat", "received", 1).remove(0);
    assert_eq!(received["event"]["body"], json!({"text": "hi"}));
    assert_eq!(received["event"]["publisher"], "chat");
    let delivery = ended(&gateway, posted.json()["published"]["body"]["id"].as_str().unwrap());
    assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("unanswered"), &json!(1)), "{delivery}");
}

#[test]
fn a_context_says_where_an_app_listens() {
    let (app_dir, gateway) = start_server();
    for name in ["camera", "weather"] {
        gateway.apps().install(&app_dir.sample(name));
        let context = gateway.apps().start(name);
        assert_eq!(context["name"], name, "{context}");
        assert_eq!(context["app"]["name"], name, "{context}");
        assert_eq!(context["path"], app_dir.path().join(name).to_str().unwrap(), "{context}");
        let port = context["port"].as_u64().unwrap();
        let host = context["host"].as_str().unwrap();
        std::net::TcpStream::connect((host, u16::try_from(port).unwrap())).unwrap();
        let pid = context["pid"].as_u64().unwrap();
        assert!(std::path::Path::new(&format!("/proc/{pid}")).exists(), "{context}");
    }
    let live = gateway.apps().running();
    assert_eq!(live.len(), 2, "{live:?}");
    let tokens = app_dir.tokens();
    assert_eq!(tokens.len(), 2);
    each(&tokens, |(_, token)| assert!(!json!(live).to_string().contains(token.as_str())));
}

#[test]
fn an_app_without_a_program_is_not_started() {
    let (app_dir, gateway) = start_server();
    gateway.apps().install(&app_dir.sample("thumbs"));
    let answer = gateway.apps().starting("thumbs").send();
    assert!((400..500).contains(&answer.status), "{}", answer.text());
    assert!(answer.json()["code"].as_u64().is_some_and(|code| code > 0), "{}", answer.text());
    assert!(gateway.apps().running().is_empty());
}

#[test]
fn an_app_that_hooks_the_servers_start_runs_from_then_on() {
    let app_dir = AppDir::new();
    let mut gateway = setup().start();
    gateway.apps().install(&app_dir.recorder("early", &json!({"hooks": {"bolt/system-started": "up"}})));
    assert!(gateway.apps().running().is_empty());
    gateway.stop().start_again();
    let up = app_dir.wait_requests("early", "/up", 1);
    assert_eq!(names(&up), ["system-started"]);
    assert_eq!(app_dir.noted("early", "boot").len(), 1);
    runs_alone(&gateway, "early");
}

#[track_caller]
fn runs_alone(gateway: &Gateway, app: &str) {
    let live = gateway.apps().running();
    assert!(live.len() == 1 && live[0]["name"] == app, "{live:?}");
}
