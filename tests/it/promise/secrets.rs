//! A secret is shown once to its owner and can be found nowhere afterwards.

use std::path::Path;

use harness::{ADMIN_TOKEN, App, Receiver, Setup, WAIT, basic, until};
use serde_json::{Value, json};

fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        if entry.path().is_dir() {
            all.extend(files(&entry.path()));
        } else if entry.file_name() != "footbridge.toml" {
            all.push((entry.path().display().to_string(), std::fs::read(entry.path()).unwrap()));
        }
    }
    all
}

fn holds(bytes: &[u8], secret: &str) -> bool {
    bytes.windows(secret.len()).any(|window| window == secret.as_bytes())
}

#[test]
fn known_secrets_appear_in_no_file_log_metric_or_answer() {
    let receiver = Receiver::start();
    let shop = App::new("shop")
        .receiver(&receiver.url("/shop"))
        .line(r#"receiver_auth = { name = "legacy", secret = "receiver-secret-55aa12" }"#);
    let mut gateway = Setup::new()
        .env("RUST_LOG", "trace")
        .app(App::new("superapp").receiver(&receiver.url("/superapp")))
        .app(shop)
        .app(App::new("fax").url(&receiver.url("/fax")))
        .link("superapp", "shop")
        .start();
    let made = gateway.admin().send("POST", "apps", &json!({"name": "made"})).expect(201).json();
    let mut secrets: Vec<String> = vec![ADMIN_TOKEN.into(), "receiver-secret-55aa12".into()];
    for app in gateway.setup().apps() {
        secrets.extend(app.secrets());
        secrets.push(basic("", &app.name, &app.secret_key).trim().into());
    }
    for kind in ["token", "secret_key", "signing_secret"] {
        secrets.push(made[kind].as_str().unwrap_or_else(|| panic!("no {kind}: {made}")).into());
    }
    let body = r#"{"app_id":"shop","client_id":"superapp","event_type":"x","payload":1}"#;
    gateway.host("superapp").call(body).header("Idempotency-Key", "k").send().expect(200);
    gateway
        .host("superapp")
        .bare(body)
        .header("Authorization", basic("Token", "superapp", "guessed-secret-1"))
        .send();
    gateway.bolt("fax").server("*", "/x");
    gateway.bolt_with("guessed-token-2").post("x", "{}");
    let event = gateway.bolt("fax").publish("x", &json!({"body": 1}))["id"].as_str().unwrap().to_owned();
    until("the delivery", WAIT, || gateway.admin().delivery(&event)["status"] == "delivered");
    secrets.extend(["guessed-secret-1".into(), "guessed-token-2".into()]);
    let delivery = gateway.admin().delivery(&event)["id"].as_str().unwrap().to_owned();
    let mut pages: Vec<(String, Vec<u8>)> = [
        "apps",
        "apps/superapp",
        "apps/made",
        "links",
        "hooks",
        "events",
        "deliveries",
        "exchanges",
        &format!("events/{event}"),
        &format!("deliveries/{delivery}"),
    ]
    .iter()
    .map(|tail| ((*tail).to_owned(), gateway.admin().call("GET", tail).send().expect(200).body))
    .collect();
    for path in ["/metrics", "/healthz", "/readyz", "/openapi.json"] {
        pages.push((path.into(), gateway.get(path).body));
    }
    gateway.stop();
    pages.push(("log".into(), format!("{}{}", gateway.stdout(), gateway.stderr()).into_bytes()));
    pages.extend(files(gateway.dir()));
    for (name, bytes) in &pages {
        for secret in &secrets {
            assert!(!holds(bytes, secret), "{name} holds {secret}");
        }
    }
}

#[test]
fn a_database_without_its_key_gives_nothing_away_and_does_not_start() {
    let mut gateway = Setup::new().app(App::new("fax")).start();
    gateway.admin().done("POST", "apps", &json!({"name": "made"}));
    gateway.stop();
    let keys: Vec<_> = std::fs::read_dir(gateway.dir())
        .unwrap()
        .flatten()
        .filter(|entry| entry.metadata().is_ok_and(|meta| meta.is_file() && meta.len() < 200))
        .filter(|entry| entry.file_name().to_string_lossy().contains("key"))
        .collect();
    assert_eq!(keys.len(), 1, "{keys:?}");
    let mode = std::os::unix::fs::PermissionsExt::mode(&keys[0].metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    std::fs::remove_file(keys[0].path()).unwrap();
    let exit = harness::footbridge(gateway.dir(), &["serve", "--config", "footbridge.toml"], &[]);
    assert_ne!(exit.code, Some(0), "{}", exit.output);
    assert!(exit.output.contains("key"), "{}", exit.output);
}

#[test]
fn generated_secrets_work_and_are_stored() {
    let receiver = Receiver::start();
    let mut gateway = Setup::new().app(App::new("superapp")).start();
    let url = receiver.url("/made");
    let made = gateway
        .admin()
        .send("POST", "apps", &json!({"name": "made", "receiver_url": url}))
        .expect(201)
        .json();
    gateway.admin().done("POST", "links", &json!({"host": "superapp", "miniapp": "made"}));
    let text = |kind: &str| made[kind].as_str().unwrap().to_owned();
    gateway.kill9().start_again();
    gateway.bolt_with(&text("token")).publish("x", &Value::Object(serde_json::Map::new()));
    let event = r#"{"app_id":"made","client_id":"superapp","event_type":"x","payload":1}"#;
    gateway.host("superapp").send(event).expect(200);
    let got = receiver.wait(1).pop().unwrap();
    assert_eq!(got.header("authorization").unwrap(), basic("Token", "made", &text("secret_key")));
    harness::verify_signature(&got, &text("signing_secret")).unwrap();
    assert!(text("signing_secret").starts_with("whsec_"));
}
