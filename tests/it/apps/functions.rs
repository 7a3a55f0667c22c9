//! Functions: JavaScript that handles an event without a server.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use harness::{App, AppDir, Receiver, each, until, until_some};
use serde_json::{Value, json};

use super::common::{LONG, ended, publish, setup, start_server};

/// Creates an app with functions only. The files are functions `f0`, `f1`, … for events of the same name.
fn functions(app_dir: &AppDir, files: &[&str]) -> PathBuf {
    let names: Vec<String> = (0..files.len()).map(|n| format!("f{n}")).collect();
    let table: Value = names.iter().map(|name| (name.clone(), json!(format!("{name}.js")))).collect();
    let hooks: Value =
        names.iter().map(|name| (name.clone(), json!({"route": name, "type": "function"}))).collect();
    let package = json!({"name": "fun", "bolt": {"functions": table, "hooks": hooks}});
    let dir = app_dir.write("fun", &package, &[]);
    for (name, text) in names.iter().zip(files) {
        std::fs::write(dir.join(format!("{name}.js")), text).unwrap();
    }
    dir
}

#[test]
fn an_event_calls_a_function_whose_events_are_delivered() {
    let receiver = Receiver::start();
    let app_dir = AppDir::new();
    let hooks = r#""thumbs/*" = "thumbs""#;
    let gateway = setup().app(App::new("ears").url(&receiver.url("/")).hooks(hooks)).start();
    gateway.apps().install(&app_dir.sample("thumbs"));
    let id = publish(&gateway, "photo-saved", &json!({"photo": 12}));
    let events: Vec<Value> =
        receiver.wait_at("/thumbs", 2).iter().map(harness::ReceivedRequest::json).collect();
    let named = |name: &str| events.iter().find(|event| event["name"] == name).cloned().unwrap();
    assert_eq!(named("thumb-made")["body"], json!({"photo": 12, "width": 64}));
    assert_eq!(named("thumb-made")["publisher"], "thumbs");
    // The first function's event called the second one. Functions have no state between calls.
    assert_eq!(named("thumb-counted")["body"], json!({"photo": 12, "calls": 1}));
    let got = receiver.requests().into_iter().find(|got| got.json()["name"] == "thumb-made").unwrap();
    assert_eq!(got.header("x-made-by"), Some("thumbs"));
    publish(&gateway, "photo-saved", &json!({"photo": 13}));
    receiver.wait_at("/thumbs", 4);
    assert!(receiver.requests().iter().all(|got| got.json()["body"]["calls"].as_u64().unwrap_or(1) == 1));
    let delivery = ended(&gateway, &id);
    assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("delivered"), &json!(1)), "{delivery}");
    let whole = gateway.admin().get(&format!("deliveries/{}", delivery["id"].as_str().unwrap()));
    assert!(whole.to_string().contains("photo 12 of pen"), "what it printed is not there: {whole}");
    assert!(gateway.apps().running().is_empty(), "nothing runs for a function");
}

#[test]
fn an_exception_is_a_failed_attempt_with_its_stack_and_publishes_nothing() {
    let app_dir = AppDir::new();
    let gateway = setup().set("retry", "schedule", r#"["50ms"]"#).start();
    let files = [
        "module.exports = async (event, ctx) => {\n  await ctx.publish('half', { body: 1 });\n  explode(event);\n};\n\
         function explode(event) {\n  throw new TypeError('no film in ' + event.body);\n}\n",
        "module.exports = () => Promise.reject({ reason: 'thrown as it is' });",
        "module.exports = (;",
        "exports.other = 1;",
        "const fs = require('fs'); module.exports = () => fs.readFileSync('/etc/passwd', 'utf8');",
        "module.exports = () => fetch('http://127.0.0.1/');",
        "module.exports = () => { let a = []; for (;;) a.push('x'.repeat(1 << 20) + a.length); };",
        "module.exports = (event, ctx) => ctx.publish('sub/../x', {});",
    ];
    gateway.apps().install(&functions(&app_dir, &files));
    let words: [&[&str]; 8] = [
        &["TypeError", "no film in it", "f0.js:6"],
        &["thrown as it is"],
        &["f2.js"],
        &["function", "f3.js"],
        &["require"],
        &["fetch"],
        &["memory"],
        &[],
    ];
    each(words.iter().enumerate(), |(n, words)| {
        let id = publish(&gateway, &format!("f{n}"), &json!("it"));
        let delivery = ended(&gateway, &id);
        assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("dead"), &json!(2)), "{delivery}");
        let whole = gateway.admin().get(&format!("deliveries/{}", delivery["id"].as_str().unwrap()));
        let log = whole["attempt_log"].to_string();
        for word in **words {
            assert!(log.contains(word), "{word:?} is not in {log}");
        }
        assert!(!log.contains("root:"), "{log}");
    });
    let half = gateway.admin().all("events?limit=99").iter().filter(|event| event["name"] == "half").count();
    assert_eq!(half, 0, "a function that failed has published");
}

#[test]
fn a_function_that_runs_too_long_is_killed_and_delays_no_other() {
    let app_dir = AppDir::new();
    let gateway = setup()
        .set("retry", "schedule", r#"["50ms"]"#)
        .set("runtime", "function_timeout", "\"800ms\"")
        .start();
    let files = [
        "module.exports = () => { for (;;); };",
        "for (;;);",
        "module.exports = () => new Promise(() => {});",
        "module.exports = () => { for (;;) { try { for (;;); } catch (e) {} } };",
        "module.exports = () => Array.prototype.join.call({ length: 2 ** 40 });",
        "module.exports = () => /^(a+)+$/.test('a'.repeat(40) + 'b');",
        "module.exports = async () => { for (;;) await null; };",
        "module.exports = () => 'quick';",
    ];
    gateway.apps().install(&functions(&app_dir, &files));
    let slow: Vec<String> = (0..7).map(|n| publish(&gateway, &format!("f{n}"), &json!(1))).collect();
    let begun = Instant::now();
    let quick = publish(&gateway, "f7", &json!(1));
    assert_eq!(ended(&gateway, &quick)["status"], "delivered");
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    each(slow, |id| {
        let delivery = ended(&gateway, id);
        assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("dead"), &json!(2)), "{delivery}");
        let error = delivery["last_error"].as_str().unwrap().to_lowercase();
        assert!(error.contains("800ms") || error.contains("never ends"), "{delivery}");
    });
}

#[test]
fn published_events_of_a_function_commit_with_its_outcome() {
    let app_dir = AppDir::new();
    let mut gateway = setup().start();
    let file = "module.exports = async (event, ctx) => {\n\
                for (let n = 0; n < 5; n += 1) await ctx.publish('made', { body: { of: event.body, n } });\n};";
    gateway.apps().install(&functions(&app_dir, &[file]));
    let calls = 30;
    let mut ids = Vec::new();
    for n in 0..calls {
        ids.push(publish(&gateway, "f0", &json!(n)));
        if n % 10 == 5 {
            gateway.kill9().start_again();
        }
    }
    for id in &ids {
        let delivery = until_some("the outcome of every call", LONG, || {
            Some(gateway.admin().delivery(id)).filter(|delivery| delivery["status"] != "pending")
        });
        assert_eq!(delivery["status"], "delivered", "{delivery}");
    }
    let made = gateway.admin().all("events?limit=250").iter().filter(|event| event["name"] == "made").count();
    assert_eq!(made, calls * 5, "some were published twice, or by half");
}

#[test]
fn a_function_receives_the_event_without_secrets() {
    let receiver = Receiver::start();
    let app_dir = AppDir::new();
    let ears = App::new("ears").url(&receiver.url("/")).hooks(r#""fun/seen" = "seen""#);
    let gateway = setup().app(ears).env("SERVER_SECRET", "secret-of-the-server-77").start();
    let file = "module.exports = (event, ctx) => ctx.publish('seen', { body: { event, ctx: Object.keys(ctx), app: ctx.appName,\n\
                globals: ['process', 'require', 'fetch', 'XMLHttpRequest', 'Deno', 'std', 'os'].filter((name) => typeof globalThis[name] !== 'undefined'),\n\
                left: (globalThis.left = (globalThis.left || 0) + 1) } });";
    gateway.apps().install(&functions(&app_dir, &[file]));
    for _ in 0..2 {
        let request = json!({"body": {"__proto__": 1, "a": [1, null]}, "headers": {"x-colour": "red"}});
        gateway.bolt("pen").publish("f0", &request);
    }
    for got in receiver.wait_at("/seen", 2) {
        let body = got.json()["body"].clone();
        let event = &body["event"];
        assert_eq!((&event["name"], &event["publisher"]), (&json!("f0"), &json!("pen")), "{body}");
        assert_eq!(event["body"]["a"], json!([1, null]), "{body}");
        assert!(event["id"].as_str().is_some_and(|id| id.starts_with("evt_")), "{body}");
        assert!(event.get("token").is_none(), "{body}");
        assert_eq!((&body["app"], &body["left"]), (&json!("fun"), &json!(1)), "{body}");
        let open: Vec<&Value> =
            body["globals"].as_array().unwrap().iter().filter(|name| *name != "require").collect();
        assert!(open.is_empty(), "{body}");
        assert!(!body.to_string().contains("secret-of-the-server"));
    }
}

#[test]
fn idle_workers_end_and_a_stopped_server_leaves_none() {
    let (app_dir, mut gateway) = start_server();
    gateway.apps().install(&functions(&app_dir, &["module.exports = () => 1;"]));
    let id = publish(&gateway, "f0", &json!(1));
    ended(&gateway, &id);
    let all = harness::descendants(gateway.pid());
    gateway.kill9();
    until("the end of its workers", LONG, || !all.iter().any(harness::Process::lives));
}
