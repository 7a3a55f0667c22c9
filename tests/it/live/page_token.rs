//! The token of a page: it differs from the app's token and allows little.

use std::time::Duration;

use harness::{Answer, AppDir, Call, Gateway, Raw, WAIT, assert_bolt_error, each, until};
use serde_json::{Value, json};

use super::pages::{DOCUMENT, cookie, start_server};

/// Requests a page with this cookie.
fn page(gateway: &Gateway, cookie: &str) -> Answer {
    gateway
        .apps()
        .visit("GET", "pager", "/page")
        .headers(&DOCUMENT)
        .header("Cookie", cookie)
        .send()
        .expect(200)
}

/// The token in a page.
fn written(page: &Answer) -> String {
    let text = page.text();
    let behind = text.split("const token = \"").nth(1).expect("a token");
    behind.split('"').next().unwrap().to_owned()
}

/// Connects a page with its cookie, runs `meanwhile` and returns the page's last message.
fn connected<T>(
    app_dir: &AppDir,
    gateway: &Gateway,
    cookie: &str,
    meanwhile: impl FnOnce() -> T,
) -> (T, Value) {
    let open = app_dir.path().join("open");
    let _from_before = std::fs::remove_file(&open);
    let headers = json!({"cookie": cookie, "referer": gateway.url("/x/pager/page")});
    let options = json!({"extraHeaders": headers}).to_string();
    let url = gateway.url("");
    std::thread::scope(|scope| {
        let args = [&url, "4", &options, open.to_str().unwrap()];
        let client = scope.spawn(move || app_dir.node(super::sockets::CLIENT, &args));
        until("the connection", Duration::from_mins(1), || open.exists());
        let done = meanwhile();
        gateway.bolt("pen").publish("last", &json!({"body": 1}));
        let seen = client.join().unwrap();
        let last = seen["messages"].as_array().unwrap().last().unwrap().clone();
        assert_eq!((&last["name"], &last["publisher"]), (&json!("last"), &json!("pen")), "{seen}");
        (done, last)
    })
}

#[test]
fn a_page_gets_a_token_other_than_its_apps() {
    let (app_dir, gateway) = start_server();
    let mine = cookie(&gateway, "pager");
    let first = written(&page(&gateway, &mine));
    let run = app_dir.token("pager");
    assert!(first.starts_with("fbp_") && first.len() == run.len(), "{first}");
    assert_eq!(written(&page(&gateway, &mine)), first, "another window of the same browser");
    assert_ne!(written(&page(&gateway, &cookie(&gateway, "pager"))), first, "another browser");
    let (streamed, last) = connected(&app_dir, &gateway, &mine, || {
        let mut raw = Raw::connect(gateway.address());
        raw.send(format!(
            "GET /api/v1/events/stream HTTP/1.0\r\nHost: {}\r\nCookie: {mine}\r\n\r\n",
            gateway.address()
        ));
        raw.until("retry");
        gateway.bolt("pen").publish("other", &json!({"body": 1}));
        raw.until("}\n\n")
    });
    assert!(streamed.contains("\"other\"") && !streamed.contains("token"), "{streamed}");
    assert_eq!(last["token"], first);
    // A later run of the app does not affect an open page.
    gateway.apps().stop("pager");
    let (again, last) = connected(&app_dir, &gateway, &mine, || {
        gateway.apps().start("pager");
        written(&page(&gateway, &mine))
    });
    assert_eq!((&again, &last["token"]), (&first, &json!(first)));
    assert_ne!(app_dir.token("pager"), run);
    // No request reveals the app's token.
    let coded = gateway.apps().visit("GET", "pager", "/page").header("Accept-Encoding", "gzip").send();
    assert!(!coded.text().contains("fbr_") && coded.text().contains("fbp_"), "{}", coded.text());
    let seen = app_dir.noted("pager", "got");
    let seen: Vec<_> = seen.iter().filter(|note| note["url"] == "/page").collect();
    assert!(seen.iter().all(|note| note["headers"].get("accept-encoding").is_none()), "{seen:?}");
}

#[test]
fn a_page_publishes_only_the_events_its_app_lists() {
    let (app_dir, gateway) = start_server();
    let mine = cookie(&gateway, "pager");
    let token = written(&page(&gateway, &mine));
    let bolt = gateway.bolt_with(&token);
    let dead = |answer: &Answer| {
        assert_bolt_error(answer, 401, 113);
        assert!(answer.text().contains("only while its page is connected"), "{}", answer.text());
    };
    dead(&bolt.post("clicked", "{}"));
    let ((), last) = connected(&app_dir, &gateway, &mine, || {
        let published = bolt.publish("Clicked", &json!({"body": {"n": 1}}));
        assert_eq!((&published["name"], &published["publisher"]), (&json!("clicked"), &json!("pager")));
        let refused = bolt.post("sold", "{}");
        assert_bolt_error(&refused, 403, 337);
        assert!(refused.text().contains("footbridge.page_events"), "{}", refused.text());
        let hooks = gateway.admin().all("hooks?app=pager").len();
        let rows = [
            bolt.post("pen/*", r#"{"route": "https://evil.example/x", "type": "web"}"#),
            bolt.post("*", r#"{"route": "https://evil.example/x", "type": "web"}"#),
            bolt.post("sub/clicked", r#"{"route": "hooks/received"}"#),
            bolt.call("DELETE", "pen/*", "").send(),
        ];
        each(rows, |answer| assert_bolt_error(answer, 403, 337));
        assert_eq!(gateway.admin().all("hooks?app=pager").len(), hooks);
        let call = |method: &str, path: &str| {
            Call::new(gateway.address(), method, path).header("X-Bolt-App-Token", &token)
        };
        let name = json!({"name": "pager"});
        let rows = [
            call("GET", "/api/apps"),
            call("GET", "/api/apps/pager/logs"),
            call("DELETE", "/api/apps/pager"),
            call("POST", "/api/apps/stop").json(&name),
            call("POST", "/api/v1/tickets").json(&json!({"use": "live"})),
            call("POST", "/api/v1/event-bridge/hostapp/").json(&json!({})),
            call("GET", "/api/v1/hooks"),
        ];
        each(rows, |call| assert_eq!(call.send().status, 401));
        assert!(gateway.apps().is_running("pager"));
        gateway.apps().install(&app_dir.sample("db"));
        let asked = call("GET", "/api/db/where").send().expect(200).json();
        assert_ne!(asked["appName"], "pager", "{asked}");
        // A page that publishes without pause is limited.
        let rest = (0..60).map(|_| bolt.post("clicked", "{}").status).collect::<Vec<_>>();
        assert!(rest.contains(&200) && rest.contains(&429), "{rest:?}");
    });
    assert_eq!(last["token"], token);
    until("the page's end", WAIT, || bolt.post("clicked", "{}").status == 401);
    dead(&bolt.post("clicked", "{}"));
}

#[test]
fn page_access_ends_with_its_app_and_bolts_form_is_reported_at_install() {
    const STAYS: &str = r"
        const [url, options, open] = process.argv.slice(2);
        const socket = require('socket.io-client4').connect(url, JSON.parse(options));
        socket.on('message', () => require('fs').writeFileSync(open, 'open'));
        socket.on('disconnect', (reason) => { console.log(JSON.stringify(reason)); process.exit(0); });";
    let (app_dir, gateway) = start_server();
    let mine = cookie(&gateway, "pager");
    let token = written(&page(&gateway, &mine));
    let open = app_dir.path().join("open");
    let headers = json!({"cookie": mine, "referer": gateway.url("/x/pager/page")});
    let options = json!({"extraHeaders": headers, "reconnection": false}).to_string();
    let url = gateway.url("");
    std::thread::scope(|scope| {
        let client = scope.spawn(|| app_dir.node(STAYS, &[&url, &options, open.to_str().unwrap()]));
        until("the connection", Duration::from_mins(1), || open.exists());
        gateway.bolt_with(&token).publish("clicked", &json!({}));
        gateway.apps().uninstall("pager");
        assert_eq!(client.join().unwrap(), "io server disconnect");
    });
    assert_bolt_error(&gateway.bolt_with(&token).post("clicked", "{}"), 401, 113);
    let dir = app_dir.path().join("pager");
    let path = dir.join("package.json");
    let mut package: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    package["footbridge"]["page_events"] = json!(["*"]);
    std::fs::write(&path, package.to_string()).unwrap();
    let installed = gateway.apps().install(&dir);
    let warnings = installed["warnings"].to_string();
    assert!(warnings.contains("page_events"), "{installed}");
    let mine = cookie(&gateway, "pager");
    let token = written(&page(&gateway, &mine));
    gateway.apps().install(&app_dir.sample("db"));
    let asks = || {
        let call = gateway.call("GET", "/api/db/where").header("X-Bolt-App-Token", &token);
        call.send().expect(200).json()["appName"].clone()
    };
    connected(&app_dir, &gateway, &mine, || {
        gateway.bolt_with(&token).publish("anything", &json!({}));
        assert_eq!(asks(), "pager", "a router takes it for its app");
    });
    until("the page's end", WAIT, || asks() != "pager");
    package["footbridge"]["page_events"] = json!(["a/b"]);
    std::fs::write(&path, package.to_string()).unwrap();
    let refused = gateway.apps().installing(&dir, true).send();
    assert_bolt_error(&refused, 400, 418);
    assert!(refused.text().contains("`footbridge.page_events` holds"), "{}", refused.text());
}
