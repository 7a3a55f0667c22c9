//! The token of a run is known to the running app only and is stored nowhere.

use std::fs;
use std::path::Path;

use harness::{App, AppDir, Gateway, Receiver, Setup, until};
use serde_json::{Value, json};

use super::common::{LONG, publish, setup};

fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(dir).unwrap().flatten() {
        if entry.path().is_dir() {
            all.extend(files(&entry.path()));
        } else if let Ok(bytes) = fs::read(entry.path()) {
            all.push((entry.path().display().to_string(), bytes));
        }
    }
    all
}

fn holds(bytes: &[u8], secret: &str) -> bool {
    bytes.windows(secret.len()).any(|window| window == secret.as_bytes())
}

/// All hook types, with the widest patterns.
fn everything(receiver: &Receiver) -> Setup {
    let web = format!(r#""*" = {{ route = "{}", type = "web" }}"#, receiver.url("/web"));
    setup()
        .env("RUST_LOG", "trace")
        .app(App::new("outside").url(&receiver.url("/outside")).hooks(&web))
        .app(App::new("inside").url(&receiver.url("/inside")).hooks(r#""*" = "all""#))
}

/// All answers of the server that could contain a token.
fn answers(gateway: &Gateway) -> Vec<(String, Vec<u8>)> {
    let mut pages = Vec::new();
    for tail in ["apps", "hooks", "events", "deliveries", "links", "exchanges"] {
        for item in gateway.admin().all(&format!("{tail}?limit=250")) {
            if let (true, Some(id)) = (matches!(tail, "events" | "deliveries"), item["id"].as_str()) {
                let one = gateway.admin().call("GET", &format!("{tail}/{id}")).send().expect(200);
                pages.push((format!("{tail}/{id}"), one.body));
            }
            pages.push((tail.into(), item.to_string().into_bytes()));
        }
    }
    for tail in ["", "/@live", "/one", "/chat", "/one/logs", "/chat/logs", "/db/logs", "/album/logs"] {
        pages.push((format!("api/apps{tail}"), gateway.apps().call("GET", tail).send().expect(200).body));
    }
    for path in ["/metrics", "/healthz", "/readyz", "/openapi.json", "/api/db/where", "/x/chat/home"] {
        pages.push((path.into(), gateway.get(path).body));
    }
    pages
}

#[test]
fn run_tokens_are_neither_shared_nor_stored() {
    let receiver = Receiver::start();
    let app_dir = AppDir::new();
    let mut gateway = everything(&receiver).start();
    let wide = json!({"hooks": {"*": "all", "bolt/app-stopping": "stopping"}});
    for name in ["one", "two"] {
        gateway.apps().install(&app_dir.recorder(name, &wide));
    }
    for name in ["db", "chat", "thumbs", "album"] {
        gateway.apps().install(&app_dir.sample(name));
    }
    let mut pages: Vec<(String, Vec<u8>)> = Vec::new();
    for name in ["one", "two", "chat", "album"] {
        pages.push((format!("start {name}"), gateway.apps().starting(name).send().expect(200).body));
    }
    publish(&gateway, "x", &json!({"a": 1}));
    publish(&gateway, "photo-saved", &json!({"photo": 1}));
    for name in ["one", "two"] {
        gateway.bolt_with(&app_dir.token(name)).publish("hello", &json!({"body": name}));
        gateway.bolt_with(&app_dir.token(name)).web("w", &receiver.url("/transient"));
    }
    publish(&gateway, "w", &json!(1));
    receiver.wait_at("/transient", 2);
    gateway.apps().visit("POST", "chat", "/chats").json(&json!({"text": "hi"})).send().expect(201);
    until("everything to arrive", LONG, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    let tokens = app_dir.tokens();
    assert!(tokens.len() >= 4, "{tokens:?}");
    let run_secret =
        app_dir.noted("album", "boot")[0]["env"]["FOOTBRIDGE_RUN_SECRET"].as_str().unwrap().to_owned();

    pages.extend(answers(&gateway));
    pages.push((
        "stop one".into(),
        gateway.apps().call("POST", "/stop").json(&json!({"name": "one"})).send().body,
    ));
    for got in receiver.requests() {
        pages.push((format!("what was sent to {}", got.path), got.whole().into_bytes()));
    }
    // All files on disk, including the write-ahead log, while the server runs and after it has stopped.
    pages.extend(files(gateway.dir()));
    gateway.stop();
    pages.extend(files(gateway.dir()));
    pages.push(("log".into(), format!("{}{}", gateway.stdout(), gateway.stderr()).into_bytes()));
    assert!(pages.iter().any(|(name, _)| name.contains("footbridge.db")));
    for (name, bytes) in &pages {
        assert!(!holds(bytes, &run_secret), "{name} holds the secret of a run");
        for (app, token) in &tokens {
            assert!(
                !holds(bytes, token),
                "{name} holds the token of {app}: {}",
                String::from_utf8_lossy(bytes)
            );
        }
    }
    assert_no_other_token(&app_dir, &tokens);
}

/// Fails if an app received a token other than its own.
#[track_caller]
fn assert_no_other_token(app_dir: &AppDir, tokens: &[(String, String)]) {
    for note in app_dir.notes() {
        let text = note.to_string();
        for (app, token) in tokens {
            assert!(note["app"] == app.as_str() || !text.contains(token.as_str()), "{app}'s token: {text}");
        }
    }
}

#[test]
fn each_recipient_gets_an_event_with_its_own_token() {
    let receiver = Receiver::start();
    let app_dir = AppDir::new();
    let gateway = everything(&receiver).start();
    gateway.apps().install(&app_dir.sample("db"));
    let both = json!({"hooks": {"x": "own", "pen/x": {"route": "/api/db/hooks/bolt/app-uninstalled", "type": "router"},
        "pen/*": {"route": receiver.url("/of-one"), "type": "web"}}});
    gateway.apps().install(&app_dir.recorder("one", &both));
    for n in 0..10 {
        publish(&gateway, "x", &json!(n));
    }
    app_dir.wait("db", "uninstalled", 10);
    for path in ["/web", "/inside/all", "/of-one"] {
        until(path, LONG, || {
            receiver.requests_at(path).iter().filter(|got| got.json()["name"] == "x").count() == 10
        });
    }
    let members = |event: &Value| {
        let mut names: Vec<String> = event.as_object().unwrap().keys().cloned().collect();
        names.sort();
        names.join(" ")
    };
    for got in receiver.requests_at("/web").iter().chain(&receiver.requests_at("/of-one")) {
        assert_eq!(members(&got.json()), "body bolt dispatchTime id name publisher time", "{}", got.text());
    }
    for got in receiver.requests_at("/inside/all") {
        assert_eq!(members(&got.json()), "body dispatchTime id name publisher time token", "{}", got.text());
        assert_eq!(got.json()["token"], gateway.setup().app_named("inside").token.as_str());
    }
    let own = app_dir.token("one");
    for event in app_dir.wait_requests("one", "/own", 10) {
        assert_eq!(
            (members(&event).as_str(), &event["token"]),
            ("body dispatchTime id name publisher time token", &json!(own))
        );
    }
    for note in app_dir.noted("db", "uninstalled") {
        // The router belongs to another app, so the envelope must not contain the first app's token.
        assert_eq!(members(&note["event"]), "body dispatchTime id name publisher time", "{note}");
    }
}
