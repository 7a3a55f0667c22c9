//! The requests of the app commands, and the texts that they make of the answers.

use std::{
    cell::RefCell,
    io::{self, Write},
    rc::Rc,
};

use clap::Parser;
use footbridge_api::{App, List, ManagedBy, Secret, Secrets};
use serde_json::{Value, json};

use super::{
    super::{
        failure::Failure,
        remote::{RemoteArgs, Session},
    },
    AppCommand, logs, run,
};
use crate::{
    config::env::Env,
    fake::{Fake, OPEN, Route},
    terminal::Terminal,
};

#[derive(Debug, Parser)]
struct Line {
    #[command(subcommand)]
    command: AppCommand,
    #[command(flatten)]
    remote: RemoteArgs,
}

#[derive(Clone, Default)]
struct Page(Rc<RefCell<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Page {
    fn text(&self) -> String {
        String::from_utf8(self.0.borrow().clone()).unwrap()
    }
}

fn parse(fake: &Fake, line: &str) -> (AppCommand, Session) {
    let words = ["app"].into_iter().chain(line.split(' '));
    let line = Line::parse_from(words.chain(["--server", &fake.url, "--admin-token", "adm"]));
    (line.command, Session::open(&line.remote, &Env::new()).unwrap())
}

fn output(fake: &Fake, line: &str) -> Result<String, Failure> {
    let (command, session) = parse(fake, line);
    run(&command, &session, &mut Terminal::scripted("", Page::default(), false))
}

const SHOP: &str = r#"{"name":"shop","displayName":"Shop","version":"1.2.0","description":"sells","path":"/srv/shop",
    "index":"/","system":false,"module":false,"routers":[{"name":"db","main":"db.js","root":"/api/db","order":0}],
    "functions":{"resize":"resize.js"}"#;

/// The entry in the list of installed apps for an app that runs elsewhere.
const TILL: &str = r#"{"name":"till","state":"elsewhere"}"#;

const HOOKS: &str = r#"{"data":[
    {"id":"hook_1","app":"shop","publisher":"camera","event":"photo-saved","route":"hooks/photo","type":"server","transient":false,"enabled":true,"created_at":"2026-01-31T12:00:00.000Z"},
    {"id":"hook_2","app":"shop","publisher":"*","event":"paid","route":"resize","type":"function","transient":false,"enabled":true,"created_at":"2026-01-31T12:00:00.000Z"}],"next":null}"#;

/// Returns an app of the administration API.
fn app(name: &str, managed_by: ManagedBy, url: Option<&str>) -> App {
    let secret = Secret { managed_by: ManagedBy::Api, previous_valid_until: None, unseen: false };
    App {
        name: name.to_owned(),
        token_prefix: "Token".to_owned(),
        receiver_url: url.map(|url| format!("{url}/r")),
        receiver_enabled: true,
        receiver_auth: None,
        ca_file: None,
        url: url.map(str::to_owned),
        miniapp_url: None,
        private: Vec::new(),
        enabled: true,
        managed_by,
        created_at: "2026-01-31T12:00:00.000Z".to_owned(),
        secrets: Secrets { token: secret.clone(), secret_key: secret.clone(), signing_secret: secret },
    }
}

const LIVE: Route = (
    "GET /api/apps/@live ",
    "200 OK",
    r#"{"code":0,"body":[{"name":"shop","path":"/srv/shop","protocol":"http","host":"127.0.0.1","port":41233,"pid":77}]}"#,
);

const NONE_LIVE: Route = ("GET /api/apps/@live ", "200 OK", r#"{"code":0,"body":[]}"#);

/// Starts a server with the installed app `shop` and with `till`, which runs elsewhere.
fn server(more: &[Route]) -> Fake {
    let leak = |text: String| -> &'static str { text.leak() };
    let shop = app("shop", ManagedBy::Package, None);
    let till = app("till", ManagedBy::File, Some("http://h:1"));
    let list = List { data: vec![shop.clone(), till], next: Some("c2".to_owned()) };
    let usual: [Route; 6] = [
        ("GET /api/v1/apps", "200 OK", leak(serde_json::to_string(&list).unwrap())),
        ("GET /api/v1/apps/shop ", "200 OK", leak(serde_json::to_string(&shop).unwrap())),
        (
            "GET /api/apps",
            "200 OK",
            leak(format!(r#"{{"code":0,"body":[{SHOP},"state":"running"}},{TILL}]}}"#)),
        ),
        ("GET /api/v1/hooks", "200 OK", HOOKS),
        (
            "POST /api/apps/local ",
            "200 OK",
            leak(format!(r#"{{"code":0,"body":{SHOP},"warnings":["hook a/b was left out"]}}}}"#)),
        ),
        ("DELETE /api/apps/shop ", "200 OK", leak(format!(r#"{{"code":0,"body":{SHOP}}}}}"#))),
    ];
    Fake::start(&[&usual[..], more].concat())
}

#[test]
fn installed_and_other_apps_are_in_one_list() {
    let text = output(&server(&[LIVE]), "list --limit 5").unwrap();
    assert_eq!(
        text,
        "NAME  STATE      VERSION  PID  ADDRESS                 RECEIVER      HOOKS\n\
         shop  running    1.2.0    77   http://127.0.0.1:41233  -             2\n\
         till  elsewhere  -        -    http://h:1              http://h:1/r  0\n\
         more: --cursor c2\n"
    );
    let idle =
        ("GET /api/apps ", "200 OK", r#"{"code":0,"body":[{"name":"shop","version":"1","state":"-"}]}"#);
    let text = output(&server(&[NONE_LIVE, idle]), "list").unwrap();
    assert!(text.contains("shop  -      1 "), "{text}");
    let text = output(&server(&[LIVE]), "list --json --limit 5").unwrap();
    let text: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&text["data"][0]["state"], &text["next"]), (&json!("running"), &json!("c2")));
    assert_eq!(text["data"][0]["installed"]["path"], "/srv/shop");
    assert_eq!(text["data"][0]["hooks"], 2);
    assert_eq!(
        (&text["data"][1]["state"], &text["data"][1]["installed"]),
        (&json!("elsewhere"), &json!(null))
    );
}

#[test]
fn one_app_is_shown_with_its_package_and_its_hooks() {
    let text = output(&server(&[LIVE]), "show shop").unwrap();
    for part in [
        "name              shop\nstate             running\nversion           1.2.0\npid               77\naddress           http://127.0.0.1:41233\n",
        "path              /srv/shop\n",
        "camera/photo-saved  server    hooks/photo  no         yes\n",
        "ROUTER  ROOT     FILE   ORDER\ndb      /api/db  db.js  0\n",
        "FUNCTION\nresize\n",
    ] {
        assert!(text.contains(part), "{text}");
    }
    let text: Value = serde_json::from_str(&output(&server(&[LIVE]), "show shop --json").unwrap()).unwrap();
    let hooks: Value = serde_json::from_str(HOOKS).unwrap();
    assert_eq!(text["hooks"], hooks["data"], "the hooks themselves");
    let text = output(&server(&[]), "show nobody").unwrap_err().to_string();
    assert_eq!(text, "footbridge: Not Found (404)");
}

#[test]
fn a_failed_start_is_shown_with_its_reason_and_the_time_of_the_next() {
    let failed = |until: &str| -> Route {
        let body = format!(
            r#"{{"code":0,"body":[{{"name":"shop","state":"failed","failure":{{"why":"no port\u001b","until":{until}}}}}]}}"#
        );
        ("GET /api/apps ", "200 OK", body.leak())
    };
    let fake = server(&[NONE_LIVE, failed("\"2026-01-31T12:00:00.000Z\"")]);
    let text = output(&fake, "show shop").unwrap();
    assert!(
        text.contains("state             failed\nfailure           no port\u{fffd}\nnext start        not before 2026-01-31T12:00:00.000Z\n"),
        "{text}"
    );
    assert!(output(&fake, "list").unwrap().contains("shop  failed "));
    let text: Value = serde_json::from_str(&output(&fake, "show shop --json").unwrap()).unwrap();
    assert_eq!(text["failure"]["until"], "2026-01-31T12:00:00.000Z");
    let text = output(&server(&[NONE_LIVE, failed("null")]), "show shop").unwrap();
    assert!(text.contains("next start        when an event or a visitor needs it\n"), "{text}");
}

#[test]
fn the_texts_of_a_package_cannot_control_the_terminal() {
    let app = r#"{"code":0,"body":{"name":"shop","version":"1\u001b[31m\n2\u202e","module":true}}"#;
    let text = output(&server(&[("POST /api/apps/local ", "200 OK", app)]), "install /srv/shop").unwrap();
    assert!(text.starts_with("shop 1\u{fffd}[31m\u{fffd}2\u{fffd} is installed from /srv/shop\n"), "{text}");
    let refused = r#"{"code":418,"error":{"message":"wrong: \u001b[31m\u202e"}}"#;
    let fake = server(&[("POST /api/apps/local ", "400 Bad Request", refused)]);
    let text = output(&fake, "install /srv/shop").unwrap_err().to_string();
    assert_eq!(text, "footbridge: wrong: \u{fffd}[31m\u{fffd} (400, code 418)");
}

#[test]
fn an_installation_reports_hooks_routers_and_functions() {
    let fake = server(&[]);
    let text = output(&fake, "install /srv/x/../shop/ --replace");
    assert!(text.unwrap_err().to_string().contains("cannot find the directory /srv/x/../shop/: "));
    let text = output(&fake, "install /srv/shop/ --replace").unwrap();
    assert!(text.starts_with("shop 1.2.0 is installed from /srv/shop\n\nHOOK "), "{text}");
    for part in
        ["camera/photo-saved", "/api/db", "\nFUNCTION\nresize\n", "\nwarning: hook a/b was left out\n"]
    {
        assert!(text.contains(part), "{text}");
    }
    assert!(text.ends_with(&format!("{}/x/shop/\n", fake.url)), "{text}");
    let sent: Value = serde_json::from_str(&fake.seen()[0].body).unwrap();
    assert_eq!(sent, json!({"path": "/srv/shop", "replace": true}));
    let here = output(&fake, "install . --json").unwrap();
    assert_eq!(serde_json::from_str::<Value>(&here).unwrap()["body"]["name"], "shop");
    let sent: Value = serde_json::from_str(&fake.seen().last().unwrap().body).unwrap();
    assert_eq!(sent, json!({"path": std::env::current_dir().unwrap().to_str().unwrap()}));
}

const START: &str = "POST /api/apps/start ";

#[test]
fn a_start_reports_the_address_of_the_app() {
    let context = r#"{"code":0,"body":{"name":"shop","host":"127.0.0.1","port":41233,"pid":77}}"#;
    let fake = server(&[NONE_LIVE, (START, "200 OK", context)]);
    let text = output(&fake, "start shop").unwrap();
    let (head, tail) = text.split_once(" ms: ").unwrap();
    assert!(head.starts_with("shop runs, started in "), "{text}");
    assert_eq!(tail, format!("process 77 at http://127.0.0.1:41233\nreach it at {}/x/shop/\n", fake.url));
    assert_eq!(fake.seen().last().unwrap().body, r#"{"name":"shop"}"#);
    let text = output(&server(&[LIVE, (START, "200 OK", context)]), "start shop").unwrap();
    assert!(text.starts_with("shop runs already: process 77 at "), "{text}");
    let module =
        r#"{"code":0,"body":{"name":"db","host":"127.0.0.1","port":1,"pid":7,"app":{"module":true}}}"#;
    let text = output(&server(&[NONE_LIVE, (START, "200 OK", module)]), "start db").unwrap();
    assert!(text.ends_with("process 7 at http://127.0.0.1:1\n"), "{text}");
    let text = output(&fake, "start shop --json").unwrap();
    assert_eq!(text, format!("{context}\n"));
}

const FIRST_LINES: Route = (
    "GET /api/apps/shop/logs?after=0 ",
    "200 OK",
    r#"{"code":0,"body":{"lines":[
        {"number":3,"at":"2026-01-31T12:00:00.000Z","stream":"server","text":"started"},
        {"number":4,"at":"2026-01-31T12:00:00.010Z","stream":"out","text":"hello"}],"next":4}}"#,
);
const NEXT_LINES: Route = (
    "GET /api/apps/shop/logs?after=4 ",
    "200 OK",
    r#"{"code":0,"body":{"lines":[
        {"number":5,"at":"2026-01-31T12:00:00.020Z","stream":"err","text":"Error: no port"}],"next":5}}"#,
);
const LAST_LINES: Route = (
    "GET /api/apps/shop/logs?after=4 ",
    "200 OK",
    r#"{"code":0,"body":{"lines":[
        {"number":4,"at":"t","stream":"err","text":"Error: no port"},
        {"number":5,"at":"t","stream":"server","text":"not started: it ended with exit code 1: Error: no port"}],"next":5}}"#,
);
const NO_LINES: Route =
    ("GET /api/apps/shop/logs?after=5 ", "200 OK", r#"{"code":0,"body":{"lines":[],"next":5}}"#);

#[test]
fn a_failed_start_reports_the_reason_and_the_last_output() {
    let failed = r#"{"code":421,"error":{"message":"the app `shop` did not start: it ended with exit code 1: Error: no port"}}"#;
    let start = (START, "502 Bad Gateway", failed);
    let text = output(&server(&[NONE_LIVE, start, FIRST_LINES, LAST_LINES, NO_LINES]), "start shop");
    assert_eq!(
        text.unwrap_err().to_string(),
        "footbridge: the app `shop` did not start: it ended with exit code 1: Error: no port (502, code 421)\n  \
         2026-01-31T12:00:00.000Z  server  started\n  \
         2026-01-31T12:00:00.010Z  out     hello\n\
         more: footbridge app logs shop"
    );
    let unknown = r#"{"code":403,"error":{"message":"there is no app `shop`"}}"#;
    let fake = server(&[NONE_LIVE, (START, "404 Not Found", unknown), FIRST_LINES]);
    let text = output(&fake, "start shop").unwrap_err().to_string();
    assert_eq!(text, "footbridge: there is no app `shop` (404, code 403)");
    assert!(!fake.lines().iter().any(|line| line.contains("/logs")));
}

#[test]
fn logs_show_the_last_of_the_stored_lines() {
    let fake = server(&[FIRST_LINES, NEXT_LINES, NO_LINES]);
    let all = "2026-01-31T12:00:00.000Z  server  started\n\
               2026-01-31T12:00:00.010Z  out     hello\n\
               2026-01-31T12:00:00.020Z  err     Error: no port\n";
    assert_eq!(output(&fake, "logs shop").unwrap(), all);
    assert_eq!(output(&fake, "logs shop -n 1").unwrap(), all.lines().last().unwrap().to_owned() + "\n");
    assert_eq!(output(&fake, "logs shop --tail 0").unwrap(), "");
    let json = output(&fake, "logs shop --json --tail 2").unwrap();
    let lines: Vec<Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((lines.len(), &lines[1]["number"]), (2, &json!(5)));
}

#[test]
fn following_continues_after_the_stored_lines() {
    let stream = "\n{\"number\":5,\"at\":\"t\",\"stream\":\"out\",\"text\":\"old\"}\n\n{\"number\":6,\"at\":\"t\",\"stream\":\"out\",\"text\":\"new\"}\n";
    let followed = "GET /api/apps/shop/logs?follow=true&after=5 ";
    let follow = |status: &'static str, until: Option<()>| {
        let fake = server(&[FIRST_LINES, NEXT_LINES, NO_LINES, (followed, status, stream)]);
        let (command, session) = parse(&fake, "logs shop --follow --tail 1");
        let AppCommand::Logs(args) = command else { panic!("{command:?}") };
        let page = Page::default();
        let mut terminal = Terminal::scripted("", page.clone(), false);
        let until = async move {
            if until.is_none() {
                std::future::pending::<()>().await;
            }
        };
        logs::follow(&args, &session, &mut terminal, until).unwrap();
        page.text()
    };
    let tail = "2026-01-31T12:00:00.020Z  err     Error: no port\n";
    assert_eq!(follow("200 OK", None), format!("{tail}t  out     new\n"));
    assert_eq!(follow(OPEN, Some(())), tail);
}

#[test]
fn a_removal_needs_a_confirmation() {
    let fake = server(&[]);
    let page = Page::default();
    let uninstall = |line: &str, answer, asks| {
        let (command, session) = parse(&fake, line);
        run(&command, &session, &mut Terminal::scripted(answer, page.clone(), asks))
    };
    for answer in ["", "\n", "no\n", "yesterday\n"] {
        let text = uninstall("uninstall shop", answer, true).unwrap_err().to_string();
        assert_eq!(text, "footbridge: shop is not removed");
    }
    assert!(fake.lines().is_empty());
    assert!(page.text().starts_with("Stop shop and remove it with its hooks?"), "{}", page.text());
    let asked = page.text();
    let text = uninstall("uninstall shop", "y\n", false).unwrap_err().to_string();
    assert_eq!(text, "footbridge: there is no terminal to confirm the removal of shop; give --yes");
    assert!(fake.lines().is_empty(), "nothing is removed without a confirmation");
    for (line, answer, asks) in [
        ("uninstall shop --yes", "", false),
        ("uninstall shop --yes", "", true),
        ("uninstall -y shop", "", true),
    ] {
        let text = uninstall(line, answer, asks).unwrap();
        assert_eq!(text, "shop is uninstalled; its directory is left as it is\n");
    }
    assert_eq!(page.text(), asked, "no question with --yes");
    uninstall("uninstall shop", "Y\n", true).unwrap();
    assert_eq!(fake.lines(), ["DELETE /api/apps/shop"; 4]);
}

#[test]
fn a_stop_reports_that_the_next_event_starts_the_app() {
    let stopped = r#"{"code":0,"body":{"name":"shop"}}"#;
    let fake = server(&[("POST /api/apps/stop ", "200 OK", stopped)]);
    assert_eq!(
        output(&fake, "stop shop").unwrap(),
        "shop is stopped; the next event for it starts it again\n"
    );
    assert_eq!(fake.seen()[0].body, r#"{"name":"shop"}"#);
}
