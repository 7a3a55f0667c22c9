//! Users who visit pages of system apps: what the app learns, and what nobody else can do with it.

use harness::{Answer, AppDir, Call, Console, Gateway, Raw, Setup, WAIT, each, until};
use serde_json::{Value, json};

use super::{PASSWORD, add_user};

/// The origin at which apps learn who visits them. Nothing listens on its port: the tests connect to the server's address.
const APPS: &str = "http://localhost:4400";

/// Answers what it learns; `/endless` never ends; a WebSocket gets the name of its user first.
const DESK: &str = r"
    const express = require('express');
    const { WebSocketServer } = require('ws');
    const app = express();
    const seen = (request, response) => response.json({
      user: request.user ?? null, locals: response.locals.user ?? null,
      cookie: request.headers.cookie ?? null, header: request.headers['footbridge-user'] ?? null,
      raw: request.rawHeaders.some((name) => /footbridge.user/i.test(name)), method: request.method });
    app.get('/endless', (request, response) => {
      response.type('text/plain');
      const timer = setInterval(() => response.write(`${request.user?.name}\n`), 20);
      response.on('close', () => clearInterval(timer));
    });
    app.get('/guarded', (request, response) =>
      response.redirect(process.env.BOLT_ADDRESS + '/login?success=' + encodeURIComponent(request.originalUrl)));
    app.get('/leave', (request, response) => response.redirect('/logout'));
    app.all('/', seen);
    app.attach = (server) => new WebSocketServer({ server }).on('connection', (socket, request) => {
      socket.send(`you are ${request.user?.name}`);
    });
    module.exports = app;";

fn package(name: &str, express: &str, system: bool) -> Value {
    json!({"name": name, "version": "1.0.0", "dependencies": {"express": express},
        "bolt": {"main": "server.js", "system": system, "public": {"paths": ["files"]}}})
}

fn setup() -> Setup {
    super::setup().starts_apps()
}

/// A server whose system app `desk` learns who visits it, with `plain`, an app that is none, and the administrator.
fn start() -> (AppDir, Gateway, Console) {
    let app_dir = AppDir::new();
    let gateway = setup().set("console", "apps_url", &format!("{APPS:?}")).start();
    for (name, express, system) in [("desk", "^4", true), ("desk5", "^5", true), ("plain", "^4", false)] {
        let files = [("server.js", DESK), ("files/a.txt", "public")];
        gateway.apps().install(&app_dir.write(name, &package(name, express, system), &files));
    }
    let admin = Console::by_link(&gateway);
    (app_dir, gateway, admin)
}

/// A request under the host name of the apps' origin.
fn at_apps(gateway: &Gateway, method: &str, path: &str) -> Call {
    Call::new(gateway.address(), method, &format!("{APPS}{path}"))
}

#[track_caller]
fn location(answer: &Answer) -> String {
    answer.header("location").expect("a location").to_owned()
}

/// The cookie with this name that an answer sets: name and value.
fn cookie(answer: &Answer, name: &str) -> Option<String> {
    let all = answer.headers.iter().filter(|(header, _)| header.eq_ignore_ascii_case("set-cookie"));
    let mut pairs = all.map(|(_, value)| value.split(';').next().unwrap().to_owned());
    pairs.find(|pair| pair.starts_with(&format!("{name}=")))
}

/// Begins a sign-in at the apps' origin: the state for the console, and the cookie that the browser keeps.
#[track_caller]
fn begin(gateway: &Gateway, success: &str) -> (String, String) {
    let answer = at_apps(gateway, "GET", &format!("/login?success={success}")).send().expect(303);
    let to = location(&answer);
    let (page, state) = to.split_once("?state=").unwrap();
    assert_eq!(page, format!("http://{}/apps-sign-in", Console::of(gateway).address()));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    (state.to_owned(), cookie(&answer, "fb_console_app_login").unwrap())
}

/// The path at the apps' origin to which the console leads.
#[track_caller]
fn handed_over(session: &Console, state: &str) -> String {
    let url = session.send("POST", "session/apps", &json!({ "state": state })).expect(200).json();
    url["url"].as_str().unwrap().strip_prefix(APPS).unwrap().to_owned()
}

/// Signs the browser of a session in at the apps' origin, and returns the cookie there.
#[track_caller]
fn visit(gateway: &Gateway, session: &Console) -> String {
    let (state, kept) = begin(gateway, "/x/desk/");
    let call = at_apps(gateway, "GET", &handed_over(session, &state)).header("Cookie", kept);
    let answer = call.header("Sec-Fetch-Site", "cross-site").send().expect(303);
    assert_eq!(location(&answer), "/x/desk/");
    cookie(&answer, "fb_console_app").unwrap()
}

/// The name of the user that an app sees in a request; `None` for nobody.
#[track_caller]
fn user_of(call: &Call) -> Option<String> {
    call.send().expect(200).json()["user"]["name"].as_str().map(str::to_owned)
}

#[test]
fn no_app_learns_who_visits_it_unless_that_is_configured() {
    let app_dir = AppDir::new();
    let gateway = setup().start();
    let files = [("server.js", DESK), ("files/a.txt", "public")];
    gateway.apps().install(&app_dir.write("desk", &package("desk", "^4", true), &files));
    let admin = Console::by_link(&gateway);
    assert_eq!(admin.get("sign-in-options")["apps_url"], json!(null));
    for path in ["/login", "/logout"] {
        gateway.get(path).expect(404);
    }
    add_user(&admin, "ana", "owner");
    let ana = Console::by_password(&gateway, "ana", PASSWORD);
    let refused = ana.send("POST", "session/apps", &json!({"state": "x"})).expect(404);
    assert!(refused.text().contains("[console] apps_url"), "{}", refused.text());
    let forged = gateway.apps().visit("GET", "desk", "/").header("Footbridge-User", "eyJuYW1lIjoiYW5hIn0");
    let seen = forged.header("footbridge_user", "eyJuYW1lIjoiYW5hIn0").header("Cookie", ana.cookie()).send();
    let seen = seen.expect(200).json();
    assert_eq!(
        (&seen["user"], &seen["cookie"], &seen["raw"]),
        (&json!(null), &json!(null), &json!(false)),
        "{seen}"
    );
}

#[test]
fn a_system_app_learns_the_user_and_no_other_app_does() {
    let (_apps, gateway, admin) = start();
    let id = add_user(&admin, "ana", "viewer");
    let change = json!({"display_name": "Ána <b>", "email": "ana@example.com"});
    admin.send("PATCH", &format!("users/{id}"), &change).expect(200);
    let ana = Console::by_password(&gateway, "ana", PASSWORD);
    assert_eq!(ana.get("sign-in-options")["apps_url"], APPS);
    let cookie = visit(&gateway, &ana);
    for app in ["desk", "desk5"] {
        let call =
            at_apps(&gateway, "GET", &format!("/x/{app}/")).header("Cookie", format!("own=1; {cookie}"));
        let answer = call.header("Footbridge-User", "eyJuYW1lIjoiYmVuIn0").send().expect(200);
        let seen = answer.json();
        let user = json!({"_id": id, "id": id, "name": "ana", "displayName": "Ána <b>", "email": "ana@example.com",
            "role": "viewer", "enabled": true});
        assert_eq!((&seen["user"], &seen["locals"]), (&user, &user), "{seen}");
        assert_eq!(
            (&seen["cookie"], &seen["header"], &seen["raw"]),
            (&json!("own=1"), &json!(null), &json!(false))
        );
        let policies =
            answer.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("content-security-policy"));
        assert!(
            policies.map(|(_, value)| value).any(|value| value == "frame-ancestors 'self'"),
            "{answer:?}"
        );
    }
    // Under this name the others do not exist, so none of their pages shares the origin; under another name nobody is known.
    let refused = at_apps(&gateway, "GET", "/x/plain/").header("Cookie", &cookie).send().expect(404);
    assert_eq!(refused.header("footbridge-error"), Some("not_under_this_name"));
    at_apps(&gateway, "GET", "/public/plain/files/a.txt").send().expect(404);
    assert_eq!(at_apps(&gateway, "GET", "/public/desk/files/a.txt").send().expect(200).text(), "public");
    gateway.get("/public/plain/files/a.txt").expect(200);
    for app in ["desk", "plain"] {
        let call =
            gateway.apps().visit("GET", app, "/").header("Cookie", format!("{cookie}; {}", ana.cookie()));
        let seen = call.send().expect(200).json();
        assert_eq!((&seen["user"], &seen["cookie"]), (&json!(null), &json!(null)), "{app}: {seen}");
    }
    // The console's cookie is nothing here, nor is this one there.
    let console = ana.cookie().replace("fb_console=", "fb_console_app=");
    assert_eq!(user_of(&at_apps(&gateway, "GET", "/x/desk/").header("Cookie", ana.cookie())), None);
    assert_eq!(user_of(&at_apps(&gateway, "GET", "/x/desk/").header("Cookie", console)), None);
    let as_session = cookie.replace("fb_console_app=", "fb_console=");
    ana.with_cookie(&as_session).call("GET", "session").send().expect(401);
}

#[test]
fn pages_of_other_origins_cannot_act_as_the_user() {
    let (_apps, gateway, admin) = start();
    add_user(&admin, "ana", "viewer");
    let cookie = visit(&gateway, &Console::by_password(&gateway, "ana", PASSWORD));
    let ana = Some("ana".to_owned());
    let call = |method: &str, headers: &[(&str, &str)]| {
        at_apps(&gateway, method, "/x/desk/").header("Cookie", &cookie).headers(headers)
    };
    let site = |site| ("Sec-Fetch-Site", site);
    let page = [("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document")];
    assert_eq!(user_of(&call("GET", &[site("none"), page[0], page[1]])), ana);
    assert_eq!(user_of(&call("POST", &[site("same-origin"), ("Origin", APPS)])), ana);
    each(["same-site", "cross-site"], |other| {
        assert_eq!(user_of(&call("GET", &[site(other), page[0], page[1]])), ana, "a link");
        assert_eq!(
            user_of(&call("GET", &[site(other), page[0], ("Sec-Fetch-Dest", "iframe")])),
            None,
            "a frame"
        );
        assert_eq!(user_of(&call("GET", &[site(other), ("Sec-Fetch-Mode", "no-cors")])), None, "an image");
        let origin = ("Origin", "http://127.0.0.1:4400");
        assert_eq!(user_of(&call("POST", &[site(other), origin, page[0], page[1]])), None, "a form");
        assert_eq!(user_of(&call("POST", &[origin])), None, "a form of an old browser");
    });
}

#[test]
fn a_hand_over_works_once_and_only_in_the_browser_that_began_it() {
    let (_apps, gateway, admin) = start();
    add_user(&admin, "ana", "viewer");
    let ana = Console::by_password(&gateway, "ana", PASSWORD);
    let finish = |path: &str, cookie: &str| at_apps(&gateway, "GET", path).header("Cookie", cookie).send();
    let (state, kept) = begin(&gateway, "//evil.example/");
    let (other_state, other_kept) = begin(&gateway, "/x/desk/");
    assert_ne!(state, other_state);
    // Somebody leads another browser, which began nothing or something else, to a code of its own: it signs in nobody.
    for browser in ["", other_kept.as_str()] {
        let stolen = handed_over(&ana, &state);
        let refused = finish(&stolen, browser).expect(403);
        assert_eq!(cookie(&refused, "fb_console_app"), None);
        assert!(refused.text().contains("did not begin in this browser"), "{}", refused.text());
        finish(&stolen, &kept).expect(403);
    }
    let path = handed_over(&ana, &state);
    let done = finish(&path, &kept).expect(303);
    assert_eq!(location(&done), "/", "nobody is led to another origin");
    finish(&path, &kept).expect(403);
    finish("/login/done", &kept).expect(403);
    finish("/login/done?code=x", &kept).expect(403);
    // Under another name of the server there is no cookie to set.
    let elsewhere = gateway.get("/login?success=%2Fx%2Fdesk%2F").expect(303);
    assert_eq!(location(&elsewhere), format!("{APPS}/login?success=%2Fx%2Fdesk%2F"));
    // An app in Bolt's old style leads here by the server's address, and `/logout` is not taken for a path of the app.
    let guarded = gateway.apps().page("desk", "/guarded").expect(302);
    let back = location(&guarded);
    assert!(
        back.ends_with("/login?success=%2Fx%2Fdesk%2Fguarded") && !back.contains("/x/desk/login"),
        "{back}"
    );
    assert_eq!(location(&gateway.apps().page("desk", "/leave").expect(302)), "/logout");
    // The administrator is no user, and nobody hands over what they do not have.
    let refused = admin.send("POST", "session/apps", &json!({ "state": other_state })).expect(422);
    assert!(refused.text().contains("sign in as a user"), "{}", refused.text());
    Console::of(&gateway).send("POST", "session/apps", &json!({ "state": other_state })).expect(401);
    ana.send("POST", "session/apps", &json!({"state": ""})).expect(422);
    ana.call("POST", "session/apps").header("Origin", APPS).json(&json!({"state": "x"})).send().expect(403);
}

#[test]
fn who_signs_out_or_is_removed_is_out_at_once() {
    let (apps, gateway, admin) = start();
    let id = add_user(&admin, "ana", "viewer");
    let sign_in = || Console::by_password(&gateway, "ana", PASSWORD);
    let user = |cookie: &str| user_of(&at_apps(&gateway, "GET", "/x/desk/").header("Cookie", cookie));
    let known = Some("ana".to_owned());

    let session = sign_in();
    let cookie = visit(&gateway, &session);
    assert_eq!(user(&cookie), known);
    // A visitor who is signed in goes straight back.
    let again =
        at_apps(&gateway, "GET", "/login?success=/x/desk/a").header("Cookie", &cookie).send().expect(303);
    assert_eq!(location(&again), "/x/desk/a");
    session.call("DELETE", "session").send().expect(204);
    assert_eq!(user(&cookie), None);

    let session = sign_in();
    let cookie = visit(&gateway, &session);
    let leave =
        |method: &str| at_apps(&gateway, method, "/logout?success=/x/desk/").header("Cookie", &cookie);
    let asked = leave("GET").send().expect(200);
    assert!(
        asked.text().contains("<form method=\"post\" action=\"/logout?success=%2Fx%2Fdesk%2F\">"),
        "{}",
        asked.text()
    );
    assert!(asked.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
    leave("POST").header("Sec-Fetch-Site", "same-site").send().expect(403);
    leave("POST").header("Origin", "http://127.0.0.1:4400").send().expect(403);
    assert_eq!(user(&cookie), known);
    let left =
        leave("POST").header("Sec-Fetch-Site", "same-origin").header("Origin", APPS).send().expect(303);
    assert_eq!(location(&left), "/x/desk/");
    assert!(left.header("set-cookie").unwrap().starts_with("fb_console_app=;"), "{left:?}");
    assert_eq!(user(&cookie), None);
    session.call("GET", "session").send().expect(401);

    // What is open ends, too.
    let cookie = visit(&gateway, &sign_in());
    let head = format!("Host: localhost:4400\r\nCookie: {cookie}\r\nSec-Fetch-Site: same-origin\r\n");
    let mut stream = Raw::connect(gateway.address());
    stream.send(format!("GET /x/desk/endless HTTP/1.1\r\n{head}\r\n"));
    stream.until("ana\n");
    let script = "const WebSocket = require('ws');\n\
        const socket = new WebSocket(process.argv[2], { headers: { Host: 'localhost:4400', Cookie: process.argv[3], Origin: process.argv[4] } });\n\
        const said = [];\n\
        socket.on('message', (data) => { said.push(String(data)); require('fs').writeFileSync(process.argv[5], String(data)); });\n\
        socket.on('error', () => {});\n\
        socket.on('close', () => console.log(JSON.stringify(said)));";
    let url = format!("ws://{}/x/desk/", gateway.address());
    let note = apps.path().join("said.txt");
    let socket = std::thread::scope(|scope| {
        let socket = scope.spawn(|| apps.node(script, &[&url, &cookie, APPS, note.to_str().unwrap()]));
        until("the socket is open", WAIT, || note.exists());
        admin.send("PATCH", &format!("users/{id}"), &json!({"enabled": false})).expect(200);
        socket.join().unwrap()
    });
    assert_eq!(socket, json!(["you are ana"]));
    stream.rest();
    assert_eq!(user(&cookie), None);
    admin.send("PATCH", &format!("users/{id}"), &json!({"enabled": true})).expect(200);
    let cookie = visit(&gateway, &sign_in());
    assert_eq!(user(&cookie), known);
    admin.call("DELETE", &format!("users/{id}")).send().expect(204);
    assert_eq!(user(&cookie), None);
}

#[test]
fn an_address_for_apps_that_cannot_be_safe_is_refused() {
    let refused = |setup: Setup| {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("fb.toml"), setup.text()).unwrap();
        let exit = harness::footbridge(dir.path(), &["config", "check", "fb.toml"], &[]);
        assert_ne!(exit.code, Some(0), "{}", exit.output);
        exit.output
    };
    let off = Setup::new().set("console", "apps_url", &format!("{APPS:?}"));
    assert!(refused(off).contains("console.apps_url: needs the console"));
    let plain = super::setup().set("console", "apps_url", "\"http://apps.example\"");
    assert!(refused(plain).contains("insecure = true"));
    let path = super::setup().set("console", "apps_url", "\"https://apps.example/fb\"");
    assert!(refused(path).contains("has a path"));
}
