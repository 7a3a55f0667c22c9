//! Routers: request handlers that modules add to the server.

use harness::{AppDir, Raw, WAIT, assert_bolt_error, each, until};
use serde_json::{Value, json};

use super::common::{
    LONG, ended, lifecycle_events, publish, setup, start_server, start_watched_server, wait_lifecycle_event,
};

/// Creates a module with one router in `router.js`.
fn module(app_dir: &AppDir, name: &str, root: &str, order: i64, code: &str) -> std::path::PathBuf {
    let router = json!({"main": "router.js", "root": root, "order": order});
    let package = json!({"name": name, "dependencies": {"express": "5"}, "bolt": {"module": true, "routers": {"it": router}}});
    app_dir.write(name, &package, &[("router.js", code)])
}

#[test]
fn a_router_is_started_at_install_and_mounted_as_express_mounts_it() {
    let (app_dir, mut gateway, watcher) = start_watched_server();
    assert_eq!(gateway.get("/api/db/where").status, 404);
    gateway.apps().install(&app_dir.sample("db"));
    app_dir.wait("db", "loaded", 1);
    let event = wait_lifecycle_event(&watcher, "db", "app-router-loaded");
    let body = &event["body"];
    assert_eq!((&body["name"], &body["app"]), (&json!("api-db"), &json!("db")), "{event}");
    assert_eq!((&body["root"], &body["order"]), (&json!("/api/db"), &json!(10)), "{event}");
    assert!(body["main"].as_str().is_some_and(|main| main.ends_with("routers/api-db.js")), "{event}");
    let saw = gateway.get("/api/db/where?a=b%20c").expect(200).json();
    assert_eq!(saw["url"], "/where?a=b%20c", "{saw}");
    assert_eq!(saw["originalUrl"], "/api/db/where?a=b%20c", "{saw}");
    assert_eq!(saw["baseUrl"], "/api/db", "{saw}");
    assert_eq!(saw["address"], gateway.url(""), "{saw}");
    assert!(saw["tokenLength"].as_u64().unwrap() >= 20, "{saw}");
    for name in ["footbridge-router", "x-bolt-user-name"] {
        assert!(saw["headers"].get(name).is_none(), "{saw}");
    }
    // A path that only shares the beginning does not belong to the router.
    each(["/api/dbx/where", "/api/d", "/api/db%2Fwhere", "/api"], |path| {
        assert_eq!(gateway.get(path).status, 404, "{path}");
    });
    gateway.stop().start_again();
    app_dir.wait("db", "loaded", 2);
    gateway.get("/api/db/where").expect(200);
    let loaded = || {
        lifecycle_events(&watcher, "db").iter().filter(|event| event["name"] == "app-router-loaded").count()
    };
    until("the event of the second start", LONG, || loaded() == 2);
    // The server's own hooks received each event too: they exist before the first event.
    until("what the server received", LONG, || {
        let received = gateway.admin().all("deliveries?app=bolt&limit=99");
        let of = |delivery: &Value| {
            let event = gateway.admin().get(&format!("events/{}", delivery["event_id"].as_str().unwrap()));
            event["name"] == "app-router-loaded" && delivery["status"] == "delivered"
        };
        received.iter().filter(|delivery| of(delivery)).count() == 2
    });
}

#[test]
fn a_database_router_serves_and_notifies_its_users() {
    let (app_dir, gateway) = start_server();
    gateway.apps().install(&app_dir.sample("db"));
    gateway.apps().install(&app_dir.sample("notices"));
    let ears = json!({"hooks": {"notices/notice-posted": "posted", "db/*": "db"}});
    gateway.apps().install(&app_dir.recorder("ears", &ears));
    let put = gateway
        .apps()
        .visit("POST", "notices", "/notices")
        .json(&json!({"text": "no school"}))
        .send()
        .expect(201);
    assert_eq!(put.json()["body"]["insertedIds"], json!(["1"]), "{}", put.text());
    // insert → event for the owner only → the owner's hook → the owner's event → all subscribers.
    let inserted = app_dir.wait("notices", "inserted", 1).remove(0);
    assert_eq!(inserted["event"]["publisher"], "db");
    assert_eq!(inserted["event"]["token"], app_dir.token("notices"));
    let posted = app_dir.wait_requests("ears", "/posted", 1).remove(0);
    assert_eq!(posted["body"], json!({"id": "1"}));
    until("everything to arrive", LONG, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    assert!(app_dir.requests("ears", "/db").is_empty(), "an event for one app went to another");
    assert_eq!(gateway.get("/api/db/notices/fail").status, 404, "GET is not POST");
    let broken = gateway.call("POST", "/api/db/notices/fail").body("{}").send();
    assert_eq!(broken.status, 500, "{}", broken.text());
    gateway.get("/api/db/where").expect(200);
}

#[test]
fn a_router_identifies_callers_by_token_only() {
    let (app_dir, gateway) = start_server();
    gateway.apps().install(&app_dir.sample("db"));
    let ask = |headers: &[(&str, &str)]| {
        gateway.call("GET", "/api/db/where").headers(headers).send().expect(200).json()["appName"].clone()
    };
    let pen = gateway.setup().app_named("pen").token.clone();
    assert_eq!(ask(&[("X-Bolt-App-Token", &pen)]), "pen");
    for headers in [
        &[][..],
        &[("X-Bolt-App-Token", "made-up")],
        &[("X-Bolt-App-Name", "pen")],
        &[("Footbridge-App", "pen")],
    ] {
        assert_ne!(ask(headers), "pen", "{headers:?}");
    }
}

#[test]
fn a_router_hook_reaches_a_router_with_the_token_of_its_app() {
    let (app_dir, gateway) = start_server();
    gateway.apps().install(&app_dir.sample("db"));
    gateway.apps().install(&app_dir.recorder("leaver", &json!({})));
    gateway.apps().uninstall("leaver");
    let received = app_dir.wait("db", "uninstalled", 1).remove(0);
    assert_eq!(received["event"]["name"], "app-uninstalled");
    assert_eq!(received["event"]["body"]["name"], "leaver", "{received}");
    assert_eq!(received["genuine"], true, "{received}");
    until("the record", WAIT, || {
        let all = gateway.admin().all("deliveries?app=db&limit=9");
        all.iter().any(|delivery| delivery["status"] == "delivered")
    });
    // A request without the token is not accepted as the server's.
    let forged =
        json!({"name": "app-uninstalled", "publisher": "bolt", "token": "made-up", "body": {"name": "x"}});
    gateway.call("POST", "/api/db/hooks/bolt/app-uninstalled").json(&forged).send();
    assert!(app_dir.noted("db", "uninstalled").iter().skip(1).all(|note| note["genuine"] == false));
}

#[test]
fn routers_are_tried_in_order_and_the_server_answers_last() {
    let (app_dir, gateway) = start_server();
    let passing = |name: &str| {
        format!(
            "const express = require('express');\nconst router = express.Router();\n\
             router.use((request, response, next) => {{ response.set('x-passed', '{name}'); request.url === '/mine/{name}' ? response.send('{name} ' + request.baseUrl) : next(); }});\n\
             module.exports = router;"
        )
    };
    gateway.apps().install(&module(&app_dir, "late", "/api/shared", 20, &passing("late")));
    gateway.apps().install(&module(&app_dir, "early", "/api/shared", 5, &passing("early")));
    let echo = "module.exports = (request, response) => { let text = ''; request.on('data', (part) => { text += part; });\n\
                request.on('end', () => response.end(request.url + ' ' + text)); };";
    gateway.apps().install(&module(&app_dir, "plain", "/api/shared/deep", 30, echo));
    assert_eq!(gateway.get("/api/shared/mine/early").expect(200).text(), "early /api/shared");
    assert_eq!(gateway.get("/api/shared/mine/late").expect(200).text(), "late /api/shared");
    // The router that answers in the end can read the body.
    let body = "b".repeat(100_000);
    let deep = gateway.call("POST", "/api/shared/deep/er?x=1").body(&body).send().expect(200).text();
    assert_eq!(deep, format!("/er?x=1 {body}"));
    assert!(gateway.get("/api/shared/deep").expect(200).text().starts_with("/ "));
    let none = gateway.get("/api/shared/nobodys");
    assert_eq!(none.status, 404);
    assert!(none.header("footbridge-router-next").is_none());
    assert_eq!(none.header("x-passed"), None, "a router that passed on leaves no trace");
    // Routers cannot take the server's paths or claim them with a header.
    each(["/livez", "/api/v1/apps", "/api/apps", "/metrics"], |path| {
        assert_eq!(gateway.get(path).header("x-passed"), None, "{path}");
    });
    let claimed = gateway.call("GET", "/api/shared/mine/late").header("Footbridge-Router", "other").send();
    assert_eq!(claimed.expect(200).text(), "late /api/shared");
}

#[test]
fn a_used_mount_path_is_refused_at_install() {
    let (app_dir, gateway) = start_server();
    let code = "module.exports = (request, response) => response.end(process.env.FOOTBRIDGE_APP);";
    gateway.apps().install(&module(&app_dir, "first", "/api/place", 1, code));
    let second = module(&app_dir, "second", "/api/place", 1, code);
    let answer = gateway.apps().installing(&second, false).send();
    assert!((400..500).contains(&answer.status), "{}", answer.text());
    for word in ["/api/place", "first", "order"] {
        assert!(answer.text().contains(word), "{word}: {}", answer.text());
    }
    assert!(!gateway.apps().is_installed("second"));
    assert_eq!(gateway.get("/api/place").expect(200).text(), "first");
    gateway.apps().replace(&module(&app_dir, "first", "/api/elsewhere", 1, code));
    until("the new place", WAIT, || gateway.get("/api/elsewhere").status == 200);
    assert_eq!(gateway.get("/api/place").status, 404);
    gateway.apps().install(&second);
    assert_eq!(gateway.get("/api/place").expect(200).text(), "second");
    gateway.apps().uninstall("second");
    assert_eq!(gateway.get("/api/place").status, 404);
}

#[test]
fn a_router_of_an_app_shares_its_process_and_token() {
    let (app_dir, gateway) = start_server();
    let package = json!({"name": "both", "bolt": {"main": "server.js", "hooks": {"bolt/app-starting": "hooks/starting"},
        "routers": {"it": {"main": "router.js", "root": "/api/both"}}}});
    let dir = app_dir.recorder_with("both", &package);
    let code = "module.exports = (request, response) => response.end(JSON.stringify({ pid: process.pid, token: request.bolt.token }));";
    std::fs::write(dir.join("router.js"), code).unwrap();
    gateway.apps().install(&dir);
    let saw = gateway.get("/api/both").expect(200).json();
    assert_eq!(saw["token"], app_dir.token("both"), "{saw}");
    assert_eq!(app_dir.noted("both", "boot").len(), 1);
    assert_eq!(gateway.bolt_with(&app_dir.token("both")).publish("x", &json!({}))["publisher"], "both");
    // The next request starts a crashed router again, as with an app.
    gateway.apps().stop("both");
    gateway.get("/api/both").expect(200);
    assert_ne!(app_dir.token("both"), saw["token"].as_str().unwrap());
}

#[test]
fn routers_stream_and_accept_large_bodies() {
    let (app_dir, gateway) = start_server();
    let code = "let stream;\nmodule.exports = (request, response) => {\n\
        if (request.url === '/more') { stream.write('data: 2\\n\\n'); return response.end(); }\n\
        stream = response;\n\
        response.writeHead(200, { 'content-type': 'text/event-stream' });\n  response.write('data: 1\\n\\n');\n};";
    gateway.apps().install(&module(&app_dir, "frames", "/api/frames", 1, code));
    let mut stream = Raw::connect(gateway.address());
    stream.send("GET /api/frames/now HTTP/1.1\r\nHost: localhost\r\n\r\n");
    // The router writes the second frame only after the first one has arrived.
    stream.until("data: 1\n\n");
    gateway.get("/api/frames/more").expect(200);
    stream.until("data: 2\n\n");
}

#[test]
fn a_router_hook_is_answered_by_routers_only() {
    let app_dir = AppDir::new();
    let gateway = setup().start();
    // Routes that reach no router: pages of the server and an unknown path.
    let rows = json!({"a": {"route": "/api/v1/apps", "type": "router"}, "b": {"route": "/api/events/x", "type": "router"},
        "c": {"route": "/nowhere", "type": "router"}});
    let answer = gateway.apps().installing(&app_dir.recorder("loop", &json!({"hooks": rows})), false).send();
    if answer.status != 200 {
        // The install may refuse such a route too.
        assert_bolt_error(&answer, 400, answer.json()["code"].as_u64().unwrap());
        return;
    }
    for event in ["a", "b", "c"] {
        let id = publish(&gateway, event, &Value::Null);
        let delivery = ended(&gateway, &id);
        assert_ne!(delivery["status"], "delivered", "{delivery}");
    }
}

#[test]
fn an_unread_request_body_does_not_block_other_requests() {
    let (app_dir, gateway) = start_server();
    let code = "module.exports = (request, response) => {\n\
        if (request.url !== '/read') return response.end('unread');\n\
        let length = 0;\n\
        request.on('data', (part) => (length += part.length)).on('end', () => response.end(String(length)));\n\
        };";
    gateway.apps().install(&module(&app_dir, "deaf", "/deaf", 0, code));
    gateway.get("/deaf/x").expect(200);
    let piece = format!("{:x}\r\n{}\r\n", 1 << 16, " ".repeat(1 << 16));
    let ask = |path: &str, pieces: usize| {
        let mut raw = Raw::connect(gateway.address());
        raw.send(format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
        ));
        for _ in 0..pieces {
            raw.send(&piece);
        }
        raw.send("0\r\n\r\n").answer()
    };
    for _ in 0..3 {
        // More than the limit for parsed bodies, on the connection that the next request uses.
        assert_eq!(ask("/deaf/x", 20).expect(200).text(), "unread");
        assert_eq!(gateway.get("/deaf/x").expect(200).text(), "unread");
    }
    for pieces in [0, 1, 20] {
        assert_eq!(ask("/deaf/read", pieces).expect(200).text(), (pieces << 16).to_string());
    }
}

#[test]
fn a_mount_path_is_reserved_in_any_case() {
    let (app_dir, gateway) = start_server();
    let code = "module.exports = (request, response) => response.end('mine');";
    gateway.apps().install(&module(&app_dir, "first", "/api/q", 4, code));
    let second = module(&app_dir, "second", "/API/Q", 4, code);
    assert_bolt_error(&gateway.apps().installing(&second, false).send(), 409, 423);
    gateway.apps().install(&module(&app_dir, "third", "/API/Q", 5, code));
}

#[test]
fn a_router_that_cannot_be_loaded_fails_the_install() {
    let (app_dir, gateway) = start_server();
    let installed = gateway.apps().install(&module(
        &app_dir,
        "broken",
        "/broken",
        0,
        "throw new Error('no such table');",
    ));
    let warnings = installed["warnings"].to_string();
    assert!(warnings.contains("routers do not answer") && warnings.contains("no such table"), "{installed}");
}

#[test]
fn a_router_receives_its_own_lifecycle_events_once_with_its_token() {
    let (app_dir, gateway) = start_server();
    let hook = |path: &str| json!({"route": path, "type": "router"});
    let package = json!({"name": "modx", "bolt": {"module": true,
        "routers": {"it": {"main": "router.js", "root": "/modx", "order": 0}},
        "hooks": {"bolt/app-starting": hook("/modx/starting"), "bolt/app-stopping": hook("/modx/stopping")}}});
    let code = "const note = require('note');\n\
        module.exports = (request, response) => { note('got', { url: request.url, body: request.body, headers: request.headers }); response.statusCode = 500; response.end(); };";
    gateway.apps().install(&app_dir.write("modx", &package, &[("router.js", code)]));
    let starting = app_dir.wait_requests("modx", "/starting", 1).remove(0);
    assert_eq!(starting["body"]["appName"], "modx", "{starting}");
    assert_eq!(starting["body"]["appToken"], starting["token"], "{starting}");
    gateway.apps().stop("modx");
    assert_eq!(app_dir.requests("modx", "/stopping").len(), 1);
    until("the end of every delivery", LONG, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    assert_eq!(
        app_dir.requests("modx", "/starting").len(),
        1,
        "one attempt, whatever the answer: {:?}",
        app_dir.notes()
    );
    assert!(!gateway.apps().is_running("modx"));
}
