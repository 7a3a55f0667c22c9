//! The credentials of an app: how often each value is used, and what a rotation does to the values before it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use harness::{ADMIN_TOKEN, App, AppDir, Gateway, Setup, WAIT, basic, each, footbridge, until};
use serde_json::{Value, json};

/// A server with an app that was made over the API, and the answer with its secrets.
fn made() -> (Gateway, Value) {
    let gateway = Setup::new().app(App::new("camera")).env("RUST_LOG", "trace").start();
    let app = gateway.admin().send("POST", "apps", &json!({"name": "made"})).expect(201).json();
    (gateway, app)
}

fn credential(gateway: &Gateway, kind: &str) -> Value {
    let list = gateway.admin().get("apps/made/credentials");
    let found = list["data"].as_array().unwrap().iter().find(|one| one["kind"] == kind);
    found.unwrap_or_else(|| panic!("no {kind} in {list}")).clone()
}

#[track_caller]
fn rotate(gateway: &Gateway, kind: &str, overlap: &str) -> String {
    let path = format!("apps/made/credentials/{kind}/rotate");
    let rotated = gateway.admin().done("POST", &path, &json!({"overlap": overlap}));
    assert_eq!(
        (&rotated["kind"], rotated["old_ends_at"].is_null()),
        (&json!(kind), overlap == "0"),
        "{rotated}"
    );
    rotated["value"].as_str().unwrap().to_owned()
}

/// The HTTP status of a publish with a token.
fn publish(gateway: &Gateway, token: &str) -> u16 {
    gateway.bolt_with(token).post("x", "{}").status
}

/// The HTTP status of an exchange with a secret key. 403: the credential is right, and there is no link.
fn exchange(gateway: &Gateway, key: &str) -> u16 {
    let body = r#"{"app_id":"made","client_id":"camera","event_type":"x","payload":1}"#;
    let call =
        gateway.call("POST", "/api/v1/event-bridge/miniapp/").header("Content-Type", "application/json");
    call.header("Authorization", basic("Token", "made", key)).body(body).send().status
}

fn seconds_until(time: &Value) -> i64 {
    let text = time.as_str().unwrap_or_else(|| panic!("no time: {time}"));
    let parsed = seconds_since_1970(text);
    parsed - i64::try_from(SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap()
}

/// The seconds since 1970 of a time such as `2026-11-30T23:10:00.000Z`.
fn seconds_since_1970(text: &str) -> i64 {
    let number = |range: std::ops::Range<usize>| text[range].parse::<i64>().unwrap();
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    let (shifted, since_march) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days =
        365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + (153 * since_march + 2) / 5 + day;
    (days - 719_469) * 86_400 + number(11..13) * 3600 + number(14..16) * 60 + number(17..19)
}

#[test]
fn uses_are_counted_for_each_value_and_survive_a_restart() {
    let (mut gateway, app) = made();
    let (token, key) = (app["token"].as_str().unwrap(), app["secret_key"].as_str().unwrap());
    let fresh = credential(&gateway, "token");
    assert_eq!(
        (&fresh["uses"], &fresh["last_used_at"], &fresh["old"]),
        (&json!(0), &Value::Null, &json!([]))
    );
    assert_eq!((&fresh["made_by"], &fresh["managed_by"]), (&json!("admin"), &json!("api")));
    assert!(seconds_until(&fresh["made_at"]).abs() < 60, "{fresh}");
    assert_eq!(fresh["prefix"], token[..8], "{fresh}");
    (0..3).for_each(|_| assert_eq!(publish(&gateway, token), 200));
    assert_eq!((publish(&gateway, "fbt_wrong"), exchange(&gateway, key)), (401, 403));
    assert_eq!(credential(&gateway, "token")["uses"], 3);
    assert_eq!(credential(&gateway, "secret_key")["uses"], 1);

    let new = rotate(&gateway, "token", "1h");
    assert!(new.starts_with("fbt_") && new != token);
    (0..2).for_each(|_| assert_eq!(publish(&gateway, token), 200));
    let before = credential(&gateway, "token");
    assert_eq!((&before["uses"], &before["old"][0]["uses"]), (&json!(0), &json!(2)), "{before}");
    assert_eq!((&before["sent"], &before["old"][0]["sent"]), (&json!(false), &json!(true)), "{before}");
    assert_eq!(publish(&gateway, &new), 200);
    until("requests to the app carry the new token", WAIT, || credential(&gateway, "token")["sent"] == true);
    let counted = credential(&gateway, "token");
    assert_eq!((&counted["uses"], &counted["old"][0]["uses"]), (&json!(1), &json!(2)), "{counted}");
    assert_eq!((&counted["prefix"], &counted["old"][0]["prefix"]), (&json!(new[..8]), &json!(token[..8])));
    assert!((3500..=3600).contains(&seconds_until(&counted["old"][0]["ends_at"])), "{counted}");
    assert!(seconds_until(&counted["old"][0]["last_used_at"]).abs() < 60, "{counted}");
    // Only the server signs, so nobody can see which signing secret the app has.
    rotate(&gateway, "signing_secret", "1h");
    let signing = credential(&gateway, "signing_secret");
    assert_eq!((&signing["observable"], &signing["uses"]), (&json!(false), &Value::Null));
    assert_eq!((&signing["sent"], &signing["old"][0]["sent"]), (&json!(true), &json!(true)));

    gateway.stop().start_again();
    assert_eq!(credential(&gateway, "token"), counted, "nothing is lost when the server stops");
    assert_eq!((publish(&gateway, token), publish(&gateway, &new)), (200, 200), "the overlap goes on");
    let after = credential(&gateway, "token");
    assert_eq!((&after["uses"], &after["old"][0]["uses"]), (&json!(2), &json!(3)), "{after}");
    let pair = gateway.admin().get("apps/made/credentials");
    assert_eq!((&pair["client_id"], &pair["token_prefix"]), (&json!("made"), &json!("Token")));
}

#[test]
fn a_rotation_during_an_overlap_ends_no_value_early() {
    let (mut gateway, app) = made();
    let a = app["token"].as_str().unwrap();
    let b = rotate(&gateway, "token", "24h");
    let first = credential(&gateway, "token")["old"][0]["ends_at"].clone();
    let c = rotate(&gateway, "token", "1h");
    let valid = |gateway: &Gateway| [a, &b, &c].map(|token| publish(gateway, token) == 200);
    assert_eq!(valid(&gateway), [true, true, true]);
    gateway.kill9().start_again();
    assert_eq!(valid(&gateway), [true, true, true]);
    let list = credential(&gateway, "token");
    assert_eq!((&list["old"][0]["prefix"], &list["old"][1]["prefix"]), (&json!(b[..8]), &json!(a[..8])));
    assert_eq!(list["old"][1]["ends_at"], first, "the promise of the first rotation holds");
    assert!((3500..=3600).contains(&seconds_until(&list["old"][0]["ends_at"])), "{list}");
    // Ended at once, for this credential only.
    let key = rotate(&gateway, "secret_key", "1h");
    let ended = gateway.admin().done("POST", "apps/made/credentials/token/end-overlap", &json!({}));
    assert_eq!((&ended["kind"], &ended["old"]), (&json!("token"), &json!([])));
    assert_eq!(valid(&gateway), [false, false, true]);
    let old_key = app["secret_key"].as_str().unwrap();
    assert_eq!((exchange(&gateway, old_key), exchange(&gateway, &key)), (403, 403));
    let again = gateway.admin().done("POST", "apps/made/credentials/token/end-overlap", &json!({}));
    assert_eq!(again, credential(&gateway, "token"), "a repeated request changes nothing");
    // The limit, and the rotation that is always possible.
    let path = "apps/made/credentials/token/rotate";
    let mut newest = c;
    (0..5).for_each(|_| newest = rotate(&gateway, "token", "1m"));
    let refused = gateway.admin().send("POST", path, &json!({})).expect(409);
    assert_eq!(refused.json()["code"], "too_many_overlaps", "{}", refused.text());
    assert_eq!(publish(&gateway, &newest), 200);
    let last = rotate(&gateway, "token", "0");
    assert_eq!((publish(&gateway, &newest), publish(&gateway, &last)), (401, 200));
    assert_eq!(credential(&gateway, "token")["old"], json!([]));
}

#[test]
fn an_overlap_ends_by_itself_and_can_be_extended_before() {
    let (gateway, app) = made();
    let a = app["token"].as_str().unwrap();
    let extend = |overlap: &str| {
        gateway.admin().send(
            "POST",
            "apps/made/credentials/token/extend-overlap",
            &json!({"overlap": overlap}),
        )
    };
    assert_eq!(extend("1h").expect(409).json()["code"], "no_overlap");
    let b = rotate(&gateway, "token", "600ms");
    until("the old value has ended", WAIT, || publish(&gateway, a) == 401);
    assert_eq!(publish(&gateway, &b), 200);
    assert_eq!(credential(&gateway, "token")["old"], json!([]));
    assert_eq!(extend("1h").expect(409).json()["code"], "no_overlap", "what has ended does not come back");
    rotate(&gateway, "token", "1h");
    let end = |answer: Value| seconds_until(&answer["old"][0]["ends_at"]);
    assert!((86_300..=86_400).contains(&end(extend("24h").expect(200).json())));
    assert!((86_300..=86_400).contains(&end(extend("1h").expect(200).json())), "never shortened");
    for (path, body) in [
        ("rotate", json!({"overlap": "8d"})),
        ("rotate", json!({"overlap": "soon"})),
        ("rotate", json!({"overlap": "-1h"})),
        ("rotate", json!({"overlap": ""})),
        ("rotate", json!({"overlap": 24})),
        ("extend-overlap", json!({"overlap": "200h"})),
        ("extend-overlap", json!({})),
    ] {
        let answer = gateway.admin().send("POST", &format!("apps/made/credentials/token/{path}"), &body);
        assert!(answer.text().contains("overlap"), "{body}: {}", answer.text());
        assert_eq!(answer.expect(422).json()["code"], "invalid", "{body}");
    }
    let unknown =
        gateway.admin().send("POST", "apps/made/credentials/password/rotate", &json!({})).expect(404);
    assert!(unknown.text().contains("signing_secret"), "{}", unknown.text());
    gateway.admin().send("POST", "apps/nobody/credentials/token/rotate", &json!({})).expect(404);
    gateway.admin().call("GET", "apps/nobody/credentials").send().expect(404);
}

#[test]
fn no_request_is_refused_while_secrets_are_rotated() {
    let (gateway, app) = made();
    let (token, key) = (app["token"].as_str().unwrap(), app["secret_key"].as_str().unwrap());
    let over = AtomicBool::new(false);
    let work = |send: fn(&Gateway, &str) -> u16, secret: &str, expected: u16| {
        let mut count = 0;
        while !over.load(Ordering::Relaxed) || count < 20 {
            assert_eq!(send(&gateway, secret), expected);
            count += 1;
        }
        count
    };
    let sent = std::thread::scope(|scope| {
        let workers = [
            scope.spawn(|| work(publish, token, 200)),
            scope.spawn(|| work(publish, token, 200)),
            scope.spawn(|| work(exchange, key, 403)),
        ];
        for _ in 0..5 {
            let newest = (rotate(&gateway, "token", "1h"), rotate(&gateway, "secret_key", "1h"));
            assert_eq!((publish(&gateway, &newest.0), exchange(&gateway, &newest.1)), (200, 403));
        }
        over.store(true, Ordering::Relaxed);
        workers.map(|worker| worker.join().unwrap())
    });
    let old = |kind: &str| {
        let list = credential(&gateway, kind);
        let counts = list["old"].as_array().unwrap().iter().map(|one| one["uses"].as_u64().unwrap());
        counts.collect::<Vec<_>>()
    };
    // Those after the replacement are counted: none of the four that were used before it alone.
    let tokens = old("token");
    assert!(tokens[4] > 0 && tokens[4] <= sent[0] + sent[1], "{tokens:?} {sent:?}");
    assert_eq!(tokens[..4], [0; 4]);
    assert!(old("secret_key")[4] > 0);
}

#[test]
fn a_value_is_shown_once_and_appears_nowhere_else() {
    let (mut gateway, app) = made();
    let mut values = vec![app["token"].as_str().unwrap().to_owned()];
    for kind in ["token", "secret_key", "signing_secret"] {
        let new = rotate(&gateway, kind, "24h");
        let admin = gateway.admin();
        admin.done(
            "POST",
            &format!("apps/made/credentials/{kind}/extend-overlap"),
            &json!({"overlap": "7d"}),
        );
        admin.done("POST", &format!("apps/made/credentials/{kind}/end-overlap"), &json!({}));
        let key = new.trim_start_matches("whsec_").to_owned();
        values.extend([new, key]);
    }
    let answers = ["apps/made", "apps", "apps/made/credentials", "attention", "doctor", "audit?limit=250"];
    let mut seen: String = answers.iter().map(|tail| gateway.admin().get(tail).to_string()).collect();
    let audit = gateway.admin().all("audit?limit=250&object=app:made");
    let acts: Vec<_> = audit.iter().map(|row| row["action"].as_str().unwrap()).collect();
    assert_eq!(acts[..3], ["app.end_overlap", "app.extend_overlap", "app.rotate"]);
    assert_eq!(audit.iter().filter(|row| row["action"] == "app.rotate").count(), 3);
    let note = audit[2]["note"].as_str().unwrap();
    assert!(note.starts_with("signing_secret; the old value is valid until 20"), "{note}");
    assert_eq!(audit[2]["who"], json!({"kind": "token", "name": "admin"}));
    gateway.stop();
    seen += &gateway.stderr();
    seen += &gateway.stdout();
    assert!(seen.contains("draining"), "the log goes to its end");
    each(&values, |value| {
        assert!(!seen.contains(value.as_str()), "a value of a credential is in the log or an answer");
    });
}

#[test]
fn secrets_of_the_file_and_tokens_of_runs_are_not_rotated() {
    let dir = AppDir::new();
    let gateway = Setup::new().app(App::new("camera")).starts_apps().start();
    let file = gateway.admin().send("POST", "apps/camera/credentials/token/rotate", &json!({})).expect(409);
    assert_eq!(file.json()["code"], "managed_by_file", "{}", file.text());
    let of_file = gateway.admin().get("apps/camera/credentials")["data"][0].clone();
    assert_eq!((&of_file["managed_by"], &of_file["prefix"]), (&json!("file"), &Value::Null));
    assert_eq!(of_file["made_by"], "the configuration file");
    let package = json!({"name": "worker", "version": "1.0.0", "bolt": {"main": "server.js"}});
    let path = dir.write("worker", &package, &[("server.js", "module.exports = () => {};")]);
    gateway.apps().install(&path);
    let list = gateway.admin().get("apps/worker/credentials");
    let kinds: Vec<_> = list["data"].as_array().unwrap().iter().map(|one| one["kind"].clone()).collect();
    assert_eq!(kinds, ["secret_key", "signing_secret"], "the token belongs to the run");
    for (path, body) in [("credentials/token/rotate", json!({})), ("rotate", json!({"secrets": ["token"]}))] {
        let refused = gateway.admin().send("POST", &format!("apps/worker/{path}"), &body).expect(409);
        assert_eq!(refused.json()["code"], "managed_by_package", "{}", refused.text());
        assert!(refused.text().contains("start the app"), "{}", refused.text());
    }
    gateway.admin().done("POST", "apps/worker/credentials/secret_key/rotate", &json!({}));
}

#[test]
fn attention_and_the_doctor_say_whether_the_old_value_is_in_use() {
    let (gateway, app) = made();
    let token = app["token"].as_str().unwrap();
    let row = || {
        let rows = gateway.admin().get("attention")["data"].as_array().unwrap().clone();
        rows.into_iter().find(|row| row["kind"] == "secret_overlap")
    };
    let doctor = || {
        let rows = gateway.admin().get("doctor")["data"].as_array().unwrap().clone();
        rows.into_iter().find(|row| row["check"] == "secrets").unwrap()
    };
    assert_eq!(row(), None);
    let new = rotate(&gateway, "token", "5h");
    let says = |level: &str, text: &str| {
        let found = row().unwrap();
        assert_eq!(found["level"], level, "{found}");
        assert!(found["text"].as_str().unwrap().contains(text), "{found}");
        assert!(doctor()["text"].as_str().unwrap().contains(text), "{}", doctor());
        found
    };
    says("warning", "the new one has not been used yet");
    (0..31).for_each(|_| assert_eq!(publish(&gateway, token), 200));
    let found = says("warning", "the old token of made is still in use: 31× since the rotation, last ");
    assert!(found["text"].as_str().unwrap().ends_with("it ends in 4h"), "{found}");
    assert_eq!((&found["count"], &found["screen"]), (&json!(31), &json!("/apps/made?tab=credentials")));
    publish(&gateway, &new);
    says("warning", "still in use");
    rotate(&gateway, "token", "0");
    assert_eq!(row(), None);
    // Its use cannot be seen, so nothing is said about it.
    rotate(&gateway, "signing_secret", "5h");
    says("info", "whether the app has the new one cannot be seen");
    gateway.admin().done("POST", "apps/made/end-overlap", &json!({}));
    let renewed = rotate(&gateway, "token", "5h");
    assert_eq!(publish(&gateway, &renewed), 200);
    says("info", "the new token of made is in use");
}

#[test]
fn the_command_line_shows_and_rotates_credentials() {
    let (gateway, app) = made();
    let server = gateway.url("");
    let env = [("FOOTBRIDGE_SERVER", server.as_str()), ("FOOTBRIDGE_ADMIN_TOKEN", ADMIN_TOKEN)];
    let run = |line: &str| {
        let arguments: Vec<&str> = line.split(' ').collect();
        footbridge(gateway.dir(), &arguments, &env)
    };
    let say = |line: &str| {
        let exit = run(line);
        assert_eq!(exit.code, Some(0), "{line}: {}", exit.output);
        exit.output
    };
    let shown = say("app rotate made token --overlap 1h");
    let new = shown.lines().next().unwrap();
    assert_eq!((publish(&gateway, new), publish(&gateway, app["token"].as_str().unwrap())), (200, 200));
    assert!(shown.contains("shown only this once. The old value works until 20"), "{shown}");
    let list = say("app credentials made");
    let row = |begin: &str| {
        let found = list.lines().find(|line| line.starts_with(begin)).unwrap_or_default();
        found.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
    };
    assert!(list.contains("Authorization: Token base64(made:<secret_key>)"), "{list}");
    assert!(row("token").starts_with(&format!("token {}…", &new[..8])), "{list}");
    assert!(list.contains("  old") && !list.contains(new), "{list}");
    assert!(list.lines().all(|line| line.chars().count() <= 80), "{list}");
    let json: Value = serde_json::from_str(&say("app credentials made --json")).unwrap();
    assert_eq!(json["data"][0]["old"].as_array().unwrap().len(), 1);
    assert!(say("app extend-overlap made token --overlap 7d").contains("works until 20"));
    assert!(say("app end-overlap made token").contains("only the newest token of made works now"));
    assert_eq!(publish(&gateway, app["token"].as_str().unwrap()), 401);
    let emergency = say("app rotate made token --overlap 0");
    assert!(emergency.contains("No older value works any more."), "{emergency}");
    assert_eq!(publish(&gateway, new), 401);
    for line in
        ["app rotate made token --overlap 9d", "app rotate nobody token", "app extend-overlap made token"]
    {
        let exit = run(line);
        assert!(
            exit.code.is_some_and(|code| code != 0) && !exit.output.trim().is_empty(),
            "{line}: {}",
            exit.output
        );
    }
}
