//! System apps see the paths that Express shows below a mount at `/x/<app>`, as under Bolt.

use harness::{each, until};
use serde_json::json;

use super::common::{LONG, publish, start_server};

/// An app in Bolt's old style: it redirects visitors without a login to its login page, except on hook and
/// action paths, which it recognises below its mount prefix.
const GUARDED: &str = r"
    const express = require('express');
    const note = require('note');
    const app = express();
    app.use((request, response, next) => {
      const { url, originalUrl, baseUrl, path } = request;
      note('saw', { url, originalUrl, baseUrl, path, mountpath: app.mountpath, body: request.body, bolt: request.bolt });
      if (originalUrl.indexOf('/hook/') > 0 || originalUrl.indexOf('/action/') > 0) return next();
      response.redirect(302, process.env.BOLT_ADDRESS + '/login?success=' + encodeURIComponent(originalUrl));
    });
    app.post('/hook/bolt/app-starting', (request) => note('starting', { event: request.body }));
    app.post('/hook/photo', (request) => note('received', { event: request.body }));
    app.get('/action/list', (request, response) => response.json({ ok: true }));
    module.exports = app;";

fn package(name: &str, version: &str, system: bool) -> serde_json::Value {
    json!({"name": name, "version": "1.0.0", "dependencies": {"express": version}, "bolt": {"main": "server.js", "system": system,
        "hooks": {"bolt/app-starting": "/hook/bolt/app-starting", "pen/photo-saved": "hook/photo"}}})
}

#[test]
fn a_system_app_that_looks_for_its_prefix_gets_its_token_and_its_events() {
    for version in ["^4", "^5"] {
        let (app_dir, gateway) = start_server();
        gateway.apps().install(&app_dir.write(
            "Desk",
            &package("Desk", version, true),
            &[("server.js", GUARDED)],
        ));
        gateway.apps().start("Desk");
        app_dir.wait("Desk", "starting", 1);
        // The app received its token.
        assert_eq!(gateway.bolt_with(&app_dir.token("Desk")).publish("x", &json!({}))["publisher"], "Desk");
        publish(&gateway, "photo-saved", &json!({"n": 1}));
        let received = app_dir.wait("Desk", "received", 1).remove(0);
        assert_eq!(received["event"]["body"], json!({"n": 1}));
        let saw = app_dir.noted("Desk", "saw").remove(0);
        assert_eq!(saw["url"], "/hook/bolt/app-starting", "{saw}");
        assert_eq!(saw["originalUrl"], "/x/Desk/hook/bolt/app-starting", "{saw}");
        assert_eq!((&saw["baseUrl"], &saw["mountpath"]), (&json!("/x/Desk"), &json!("/x/Desk")), "{saw}");
        assert_eq!((&saw["body"]["name"], &saw["bolt"]), (&json!("app-starting"), &json!({})), "{saw}");
        // Pages see the same prefix for any spelling of the name.
        let page = gateway.apps().page("desk", "/action/list?a=b%20c").expect(200);
        assert_eq!(page.json(), json!({"ok": true}));
        let saw = app_dir.noted("Desk", "saw").pop().unwrap();
        assert_eq!(
            (&saw["url"], &saw["originalUrl"], &saw["baseUrl"], &saw["path"]),
            (
                &json!("/action/list?a=b%20c"),
                &json!("/x/desk/action/list?a=b%20c"),
                &json!("/x/desk"),
                &json!("/action/list")
            )
        );
        assert_eq!(gateway.apps().visit("POST", "desk", "/hook/photo").json(&json!({})).send().status, 404);
        until("nothing pending", LONG, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    }
}

#[test]
fn an_ordinary_app_sees_paths_without_its_mount_prefix() {
    let (app_dir, gateway) = start_server();
    let open = GUARDED.replace("indexOf('/hook/') > 0", "indexOf('/hook/') === 0");
    gateway.apps().install(&app_dir.write("plain", &package("plain", "^4", false), &[("server.js", &open)]));
    gateway.apps().start("plain");
    app_dir.wait("plain", "starting", 1);
    publish(&gateway, "photo-saved", &json!({}));
    app_dir.wait("plain", "received", 1);
    gateway.apps().page("plain", "/a/b?c");
    let saw = app_dir.noted("plain", "saw");
    let seen: Vec<_> = saw
        .iter()
        .map(|saw| (saw["originalUrl"].as_str().unwrap(), saw["baseUrl"].as_str().unwrap()))
        .collect();
    assert_eq!(seen, [("/hook/bolt/app-starting", ""), ("/hook/photo", ""), ("/a/b?c", "")]);
}

/// Answers with the redirect of its query.
const LEADS: &str = r"
    const express = require('express');
    const app = express();
    app.use('/files', express.static(__dirname + '/files'));
    app.get('/to', (request, response) => {
      for (const [name, value] of Object.entries(request.query)) response.append(name, value);
      response.status(302).end();
    });
    app.get('/back', (request, response) => response.redirect(request.baseUrl + '/home'));
    app.get('/login', (request, response) => response.redirect('/home'));
    app.get('/absolute', (request, response) => response.redirect(`http://${request.get('host')}/home`));
    app.get('/own', (request, response) => response.redirect(`http://localhost:${request.socket.localPort}/home?a#b`));
    module.exports = app;";

#[test]
fn redirects_stay_below_the_apps_mount_path() {
    let (app_dir, gateway) = start_server();
    for (name, system) in [("system", true), ("plain", false)] {
        let package = json!({"name": name, "dependencies": {"express": "^4"}, "bolt": {"main": "server.js", "system": system}});
        let files = [("server.js", LEADS), ("files/sub/index.html", "<h1>sub</h1>")];
        gateway.apps().install(&app_dir.write(name, &package, &files));
        let location = |path: &str| {
            let answer = gateway.apps().page(name, path);
            assert!((300..400).contains(&answer.status), "{path}: {}", answer.status);
            answer.header("location").unwrap().to_owned()
        };
        for path in ["/login", "/absolute", "/back"] {
            assert_eq!(location(path), format!("/x/{name}/home"), "{name} {path}");
        }
        assert_eq!(location("/own"), format!("/x/{name}/home?a#b"));
        assert_eq!(location("/files/sub"), format!("/x/{name}/files/sub/"), "{name}");
        let page = gateway.apps().page(name, "/files/sub/").expect(200);
        assert_eq!(page.text(), "<h1>sub</h1>");
        let rows = [
            ("location=https%3A%2F%2Fother.example%2Fa", "location", "https://other.example/a".to_owned()),
            ("location=%2F%2Fother.example%2Fa", "location", "//other.example/a".to_owned()),
            ("location=home", "location", "home".to_owned()),
            ("location=%2Fx%2Fsystem%2Fhome", "location", "/x/system/home".to_owned()),
            ("content-location=%2Fa", "content-location", format!("/x/{name}/a")),
            ("refresh=3%3B%20url%3D%2Fa", "refresh", format!("3; url=/x/{name}/a")),
            (
                "set-cookie=a%3D1%3B%20Path%3D%2F%3B%20Domain%3Da.example",
                "set-cookie",
                format!("a=1; Path=/x/{name}/"),
            ),
            (
                "set-cookie=__Host-a%3D1%3B%20Path%3D%2F%3B%20Secure",
                "set-cookie",
                format!("__Secure-fb_host_a=1; Path=/x/{name}/; Secure"),
            ),
        ];
        each(rows, |(query, header, expected)| {
            let answer = gateway.apps().page(name, &format!("/to?{query}"));
            assert_eq!(answer.header(header), Some(expected.as_str()), "{name} {query}");
        });
    }
}

#[test]
fn a_system_app_may_redirect_to_server_pages() {
    let (app_dir, gateway) = start_server();
    let package = json!({"name": "system", "dependencies": {"express": "^4"}, "bolt": {"main": "server.js", "system": true}});
    gateway.apps().install(&app_dir.write("system", &package, &[("server.js", LEADS)]));
    let location = |to: &str| {
        let answer = gateway
            .apps()
            .page("system", &format!("/to?location={}", to.replace('/', "%2F").replace(':', "%3A")));
        answer.header("location").unwrap().to_owned()
    };
    assert_eq!(location("/portal/enter"), "/x/system/portal/enter");
    let router = json!({"name": "portal", "bolt": {"module": true, "routers": {"it": {"main": "router.js", "root": "/portal"}}}});
    gateway.apps().install(&app_dir.write(
        "portal",
        &router,
        &[("router.js", "module.exports = (q, s) => s.end();")],
    ));
    for to in ["/portal/enter", "/x/portal/", "/public/portal/a.css", &gateway.url("/portal/enter")] {
        assert_eq!(location(to), to);
    }
}
