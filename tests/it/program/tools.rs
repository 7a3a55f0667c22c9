//! The commands for developers and scripts: signatures, any request, the tail, contexts, exit codes.

use std::fs;

use harness::{ADMIN_TOKEN, App, Exit, Gateway, Receiver, Setup, footbridge};
use serde_json::{Value, json};

/// Camera publishes, fax hears everything at one route.
fn camera_and_fax() -> (Gateway, Receiver) {
    let receiver = Receiver::start();
    let fax = App::new("fax").url(&receiver.url("")).hooks(r#""camera/*" = "/in""#);
    let gateway = Setup::new().app(App::new("camera")).app(fax).start();
    (gateway, receiver)
}

fn run(gateway: &Gateway, args: &[&str]) -> Exit {
    let server = gateway.url("");
    let env = [("FOOTBRIDGE_SERVER", server.as_str()), ("FOOTBRIDGE_ADMIN_TOKEN", ADMIN_TOKEN)];
    footbridge(gateway.dir(), args, &env)
}

#[test]
fn a_real_delivery_is_verified_and_a_changed_one_is_explained() {
    let (gateway, receiver) = camera_and_fax();
    gateway.bolt("camera").publish("x", &json!({"body": {"a": 1}}));
    let got = receiver.wait(1).remove(0);
    let secret = gateway.setup().app_named("fax").signing_secret.clone();
    let headers: Vec<String> = ["webhook-id", "webhook-timestamp", "webhook-signature"]
        .map(|name| format!("{name}: {}", got.header(name).unwrap()))
        .to_vec();
    let verify = |body: &[u8], secret: &str| {
        fs::write(gateway.dir().join("body"), body).unwrap();
        let mut args = vec!["verify", "body", "--secret", secret];
        args.extend(headers.iter().flat_map(|header| ["-H", header.as_str()]));
        footbridge(gateway.dir(), &args, &[])
    };
    let genuine = verify(&got.body, &secret);
    assert_eq!(genuine.code, Some(0), "{}", genuine.output);
    assert!(genuine.output.ends_with("genuine\n") && !genuine.output.contains(&secret), "{}", genuine.output);
    let ended = verify(&[&got.body[..], b"\n"].concat(), &secret);
    assert!(
        ended.code == Some(1) && ended.output.contains("body: there is a line break"),
        "{}",
        ended.output
    );
    let other = verify(&got.body, &gateway.setup().app_named("camera").signing_secret);
    assert!(other.code == Some(1) && other.output.contains("secret or body"), "{}", other.output);

    // What `sign` makes of the same parts is what the server sent.
    let time = got.header("webhook-timestamp").unwrap();
    fs::write(gateway.dir().join("body"), &got.body).unwrap();
    let id = got.header("webhook-id").unwrap();
    let args = ["sign", "body", "--secret", &secret, "--id", id, "--time", time];
    let signed = footbridge(gateway.dir(), &args, &[]);
    assert_eq!(signed.output.lines().collect::<Vec<_>>(), headers);
}

#[test]
fn credentials_of_an_exchange_are_signed_and_verified() {
    let receiver = Receiver::start();
    let gateway = Setup::shop_in_superapp(&receiver.url("/r")).start();
    let key = gateway.setup().app_named("superapp").secret_key.clone();
    let args = ["sign", "--protocol", "exchange", "--app", "superapp", "--secret", "env:KEY"];
    let signed = footbridge(gateway.dir(), &args, &[("KEY", &key)]);
    let header = signed.output.trim().strip_prefix("Authorization: ").unwrap();
    let body = json!({"app_id": "shop", "client_id": "superapp", "event_type": "t", "payload": {}});
    let call = gateway.call("POST", "/api/v1/event-bridge/hostapp/").header("authorization", header);
    assert_eq!(call.json(&body).send().status, 200);
    let header = format!("authorization: {header}x");
    let args = ["verify", "--protocol", "exchange", "--app", "superapp", "--secret", &key, "-H", &header];
    let exit = footbridge(gateway.dir(), &args, &[]);
    assert!(exit.code == Some(1) && exit.output.contains("base64"), "{}", exit.output);
}

#[test]
fn exit_codes_tell_failures_apart() {
    let (gateway, _receiver) = camera_and_fax();
    for (args, code) in [
        (vec!["app", "list"], 0),
        (vec!["healthcheck"], 0),
        (vec!["api", "get", "apps"], 0),
        (vec!["event", "story", "evt_0aprx5n440000"], 4),
        (vec!["api", "get", "/api/v1/apps/nobody"], 4),
        (vec!["app", "list", "--admin-token", "wrong"], 4),
        (vec!["app", "list", "--server", "http://127.0.0.1:1"], 3),
        (vec!["healthcheck", "--server", "http://127.0.0.1:1"], 3),
        (vec!["delivery", "retry", "--status", "dead", "--yes", "--dry-run"], 5),
        (vec!["delivery", "retry", "--status", "dead"], 5),
        (vec!["app", "dance"], 2),
        (vec!["context", "use", "nowhere"], 1),
    ] {
        let exit = run(&gateway, &args);
        assert_eq!(exit.code, Some(code), "{args:?}: {}", exit.output);
        assert!(!exit.output.trim().is_empty(), "{args:?} says nothing");
    }
}

#[test]
fn any_request_is_sent_and_its_answer_printed_as_it_is() {
    let (gateway, _receiver) = camera_and_fax();
    let made = run(&gateway, &["api", "post", "links", "--data", r#"{"host":"camera","miniapp":"fax"}"#]);
    assert_eq!(made.code, Some(0), "{}", made.output);
    let asked =
        gateway.call("GET", "/api/v1/links").header("authorization", format!("Bearer {ADMIN_TOKEN}")).send();
    assert_eq!(run(&gateway, &["api", "GET", "/api/v1/links"]).output, asked.text());
    let token = gateway.setup().app_named("camera").token.clone();
    let published = run(&gateway, &["api", "post", "/api/events/x", "--data", "{}", "--app-token", &token]);
    assert!(published.output.contains("evt_"), "{}", published.output);
    let refused = run(&gateway, &["api", "get", "apps/nobody"]);
    assert!(refused.output.contains(r#""code":"not_found""#), "{}", refused.output);
    assert!(run(&gateway, &["api", "post", "links", "--data", "{"]).output.contains("not JSON"));
}

#[test]
fn a_tail_prints_rows_that_match_as_json_lines() {
    let (gateway, receiver) = camera_and_fax();
    let rows = std::thread::scope(|scope| {
        let tail = scope.spawn(|| {
            run(&gateway, &["event", "tail", "name:wanted", "--kinds", "event,delivery", "-n", "2"])
        });
        // The tail shows what happens after it was opened, so events are published until it has seen enough.
        while !tail.is_finished() {
            gateway.bolt("camera").publish("other", &json!({}));
            gateway.bolt("camera").publish("wanted", &json!({}));
            receiver.wait_at("/in", 1);
        }
        tail.join().unwrap()
    });
    assert_eq!(rows.code, Some(0), "{}", rows.output);
    let rows: Vec<Value> = rows.output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 2, "{rows:?}");
    for row in &rows {
        let name = if row["kind"] == "event" { &row["row"]["name"] } else { &row["row"]["event_name"] };
        assert_eq!(name, "wanted", "{row}");
    }
    let bad = run(&gateway, &["event", "tail", "colour:red"]);
    assert!(bad.code == Some(4) && bad.output.contains("colour"), "{}", bad.output);
}

#[test]
fn a_context_leads_to_its_server_with_its_token() {
    let (gateway, _receiver) = camera_and_fax();
    let (server, dir) = (gateway.url(""), tempfile::tempdir().unwrap());
    let run = |args: &[&str]| footbridge(dir.path(), args, &[("T", ADMIN_TOKEN)]);
    let add = run(&["context", "add", "here", "--server", &server, "--admin-token", "env:T"]);
    assert!(add.code == Some(0) && add.output.contains("it is the current one"), "{}", add.output);
    run(&["context", "add", "gone", "--server", "http://127.0.0.1:1"]);
    assert!(run(&["app", "list"]).output.contains("camera"));
    assert_eq!(run(&["app", "list", "--context", "gone"]).code, Some(3));
    let list = run(&["context", "list", "--json"]);
    assert!(
        list.output.contains(r#""current":true"#) && !list.output.contains(ADMIN_TOKEN),
        "{}",
        list.output
    );
    // The token of a context stays with its server.
    let elsewhere = run(&["app", "list", "--server", &server]);
    assert!(
        elsewhere.code == Some(4) && elsewhere.output.contains("wants the admin token"),
        "{}",
        elsewhere.output
    );
    assert_eq!(run(&["context", "remove", "here"]).code, Some(0));
    assert_eq!(run(&["app", "list", "--context", "here"]).code, Some(1));
}

#[test]
fn statistics_of_now_fit_the_terminal() {
    let (gateway, receiver) = camera_and_fax();
    gateway.bolt("camera").publish("x", &json!({}));
    receiver.wait(1);
    for command in ["stats", "top"] {
        let exit = run(&gateway, &[command]);
        assert_eq!(exit.code, Some(0), "{}", exit.output);
        assert!(
            exit.output.contains("camera") && exit.output.lines().all(|line| line.chars().count() <= 80),
            "{}",
            exit.output
        );
    }
    let now: Value = serde_json::from_str(&run(&gateway, &["stats", "--json"]).output).unwrap();
    assert!(now["account"]["accepted"].as_u64().is_some(), "{now}");
}
