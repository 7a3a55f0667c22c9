//! Apps over the administration API: create, show, change, delete. Apps of the configuration file are read-only.

use harness::{App, Receiver, Reply, Setup, assert_bolt_error, basic, each};
use serde_json::json;

#[test]
fn a_new_app_gets_its_secrets_once() {
    let gateway = Setup::new().start();
    let admin = gateway.admin();
    let made = admin.send("POST", "apps", &json!({"name": "made"})).expect(201).json();
    assert_eq!(made["name"], "made");
    let secrets =
        ["token", "secret_key", "signing_secret"].map(|kind| made[kind].as_str().unwrap().to_owned());
    assert!(secrets.iter().all(|secret| secret.len() >= 20));
    assert!(secrets[2].starts_with("whsec_"));
    gateway.bolt_with(&secrets[0]).publish("x", &json!({}));
    let shown = admin.get("apps/made");
    assert_eq!(shown["name"], "made");
    for whole in [shown.to_string(), admin.get("apps").to_string()] {
        for secret in &secrets {
            assert!(!whole.contains(secret), "{whole}");
        }
    }
    admin.get("apps/MADE");
}

#[test]
fn secrets_may_be_supplied() {
    let receiver = Receiver::start();
    let gateway = Setup::new().app(App::new("superapp")).start();
    let mine = App::new("mine");
    let request = json!({"name": "mine", "token": mine.token, "secret_key": mine.secret_key,
        "signing_secret": mine.signing_secret, "token_prefix": "Key", "receiver_url": receiver.url("/mine")});
    gateway.admin().send("POST", "apps", &request).expect(201);
    gateway.admin().done("POST", "links", &json!({"host": "superapp", "miniapp": "mine"}));
    assert_eq!(gateway.bolt_with(&mine.token).publish("x", &json!({}))["publisher"], "mine");
    let event = r#"{"app_id":"mine","client_id":"superapp","event_type":"x","payload":1}"#;
    gateway.host("superapp").send(event).expect(200);
    let got = receiver.wait(1).pop().unwrap();
    assert_eq!(got.header("authorization").unwrap(), basic("Key", "mine", &mine.secret_key));
    harness::verify_signature(&got, &mine.signing_secret).unwrap();
}

#[test]
fn a_duplicate_app_name_is_refused() {
    let gateway = Setup::new().app(App::new("fax")).start();
    let admin = gateway.admin();
    admin.send("POST", "apps", &json!({"name": "made"})).expect(201);
    each(["made", "MADE", "fax", "Fax"], |name| {
        let answer = admin.send("POST", "apps", &json!({ "name": name }));
        let lower = name.to_lowercase() == *name;
        assert!(answer.status == 409 || (!lower && matches!(answer.status, 400 | 422)), "{}", answer.text());
        assert!(answer.json()["code"].is_string());
    });
}

#[test]
fn a_duplicate_app_token_is_refused() {
    let gateway = Setup::new().app(App::new("fax")).start();
    let token = gateway.setup().app_named("fax").token.clone();
    let answer = gateway.admin().send("POST", "apps", &json!({"name": "thief", "token": token}));
    assert!((400..500).contains(&answer.status), "{} {}", answer.status, answer.text());
    assert_eq!(gateway.bolt("fax").publish("x", &json!({}))["publisher"], "fax");
}

#[test]
fn a_bad_app_is_refused() {
    let mut gateway = Setup::new().start();
    let rows = [
        json!({}),
        json!([]),
        json!({"name": 5}),
        json!({"name": null}),
        json!({"name": "ok", "receiver_url": "not a url"}),
        json!({"name": "ok", "receiver_url": "ftp://x/"}),
        json!({"name": "ok", "url": "javascript:1"}),
        json!({"name": "ok", "url": "http://shop.example/base?x=1"}),
        json!({"name": "ok", "url": "http://shop.example/base?"}),
        json!({"name": "ok", "url": "http://shop.example/base#x"}),
        json!({"name": "ok", "receiver_enabled": "yes"}),
        json!({"name": "ok", "signing_secret": "plain"}),
        json!({"name": "ok", "private": "x"}),
    ];
    each(rows, |request| {
        let answer = gateway.admin().send("POST", "apps", request);
        assert!(matches!(answer.status, 400 | 422), "{} {}", answer.status, answer.text());
    });
    assert!(gateway.admin().all("apps?limit=250").iter().all(|app| app["name"] != "ok"));
    gateway.assert_healthy();
}

#[test]
fn deleting_an_app_deletes_its_hooks_links_and_deliveries() {
    let receiver = Receiver::start();
    let mut gateway = Setup::new().set("retry", "schedule", r#"["1h"]"#).app(App::new("superapp")).start();
    let admin = gateway.admin();
    let made = admin
        .send("POST", "apps", &json!({"name": "made", "receiver_url": receiver.url("/")}))
        .expect(201)
        .json();
    let token = made["token"].as_str().unwrap().to_owned();
    admin.done("POST", "links", &json!({"host": "superapp", "miniapp": "made"}));
    gateway.bolt_with(&token).web("*", &format!("http://{}/", harness::refused_address()));
    gateway.bolt("superapp").publish("x", &json!({}));
    admin.delete("apps/made");
    let ended = || gateway.metric("footbridge_deliveries_pending", "") == 0;
    harness::until("the end of its queue", harness::WAIT, ended);
    assert_eq!(gateway.metric("footbridge_deliveries_total", "outcome=\"cancelled\""), 1);
    admin.call("GET", "apps/made").send().expect(404);
    assert_bolt_error(&gateway.bolt_with(&token).post("x", "{}"), 401, 113);
    assert!(admin.all("links?limit=250").is_empty());
    assert_eq!(gateway.bolt("superapp").publish("x", &json!({}))["deliveries"], 0);
    gateway.stop().start_again();
    let admin = gateway.admin();
    admin.call("GET", "apps/made").send().expect(404);
    // A new app of the same name is a different app.
    let again = admin.send("POST", "apps", &json!({"name": "made"})).expect(201).json();
    assert_ne!(again["token"], made["token"]);
    assert_bolt_error(&gateway.bolt_with(&token).post("x", "{}"), 401, 113);
}

#[test]
fn an_app_with_the_name_of_a_deleted_one_inherits_nothing() {
    let receiver = Receiver::start();
    let gateway = Setup::new().app(App::new("shop").receiver(&receiver.url("/shop"))).start();
    let (admin, app) = (gateway.admin(), App::new("made"));
    let authorization = basic("Token", "made", &app.secret_key);
    let make = || {
        let request = json!({"name": "made", "token": app.token, "secret_key": app.secret_key,
            "receiver_url": receiver.url("/made")});
        admin.send("POST", "apps", &request).expect(201);
        admin.done("POST", "links", &json!({"host": "made", "miniapp": "shop"}));
        admin.done("POST", "links", &json!({"host": "shop", "miniapp": "made"}));
    };
    let publish = |name: &str, body: &str| {
        gateway.bolt_with(&app.token).call("POST", name, body).header("Idempotency-Key", "k").send()
    };
    let exchange = |side: &str, body: &str| {
        let payload = format!(
            r#"{{"app_id":"{0}","client_id":"{1}","event_type":"x","payload":{body}}}"#,
            if side == "hostapp" { "shop" } else { "made" },
            if side == "hostapp" { "made" } else { "shop" }
        );
        gateway
            .call("POST", &format!("/api/v1/event-bridge/{side}/"))
            .headers(&[("Authorization", &authorization), ("Content-Type", "application/json")])
            .header("Idempotency-Key", "k")
            .body(payload)
            .send()
            .expect(200)
    };
    let seen = |id: &str| {
        let call = gateway.call("GET", &format!("/api/v1/exchanges/{id}"));
        call.header("Authorization", &authorization).send().status
    };
    let names = ["x", "sub-way", "\u{fc}ber"];
    receiver.always(Reply::json("\"the first's\""));
    make();
    each(names, |name| drop(publish(name, r#"{"body":1}"#).expect(200)));
    let first = ["hostapp", "miniapp"]
        .map(|side| exchange(side, "1").header("footbridge-exchange-id").unwrap().to_owned());
    each(&first, |id| assert_eq!(seen(id), 200));

    admin.delete("apps/made");
    receiver.always(Reply::json("\"the second's\""));
    make();
    each(&first, |id| {
        assert_eq!(seen(id), 404);
        admin.get(&format!("exchanges/{id}"));
    });
    each(names, |name| drop(publish(name, r#"{"body":2}"#).expect(200)));
    each(["hostapp", "miniapp"], |side| {
        let answer = exchange(side, "2");
        assert_eq!(
            (answer.header("idempotent-replayed"), answer.text().as_str()),
            (None, "\"the second's\"")
        );
        assert_eq!(seen(answer.header("footbridge-exchange-id").unwrap()), 200);
    });
}

#[test]
fn apps_and_hooks_of_the_file_are_read_only() {
    let gateway = Setup::new()
        .app(App::new("fax").url("http://127.0.0.1:9003"))
        .app(App::new("pen"))
        .link("fax", "pen")
        .start();
    let admin = gateway.admin();
    let rows = [
        ("PATCH", "apps/fax", json!({"url": "http://127.0.0.1:9004"})),
        ("DELETE", "apps/fax", json!({})),
        ("DELETE", "apps/FAX", json!({})),
    ];
    each(rows, |(method, tail, body)| {
        let answer = admin.send(method, tail, body).expect(409);
        assert_eq!(answer.json()["code"], "managed_by_file");
    });
    assert_eq!(gateway.bolt("fax").publish("x", &json!({}))["publisher"], "fax");
}

#[test]
fn changes_survive_a_restart() {
    let receiver = Receiver::start();
    let mut gateway = Setup::new().app(App::new("superapp")).start();
    gateway.admin().send("POST", "apps", &json!({"name": "made"})).expect(201);
    let url = receiver.url("/made");
    gateway.admin().done("PATCH", "apps/made", &json!({"receiver_url": url, "token_prefix": "Key"}));
    gateway.kill9().start_again();
    let shown = gateway.admin().get("apps/made");
    assert_eq!((&shown["receiver_url"], &shown["token_prefix"]), (&json!(url), &json!("Key")));
    gateway.admin().call("PATCH", "apps/nobody").json(&json!({"url": url})).send().expect(404);
    let rows = [json!({"receiver_url": 5}), json!({"url": "http://shop.example/base?x=1"})];
    each(rows, |change| {
        let bad = gateway.admin().send("PATCH", "apps/made", change);
        assert!(matches!(bad.status, 400 | 422), "{}", bad.text());
    });
    let page = json!({"miniapp_url": "https://shop.example/#/start"});
    gateway.admin().done("PATCH", "apps/made", &page);
    assert_eq!(gateway.admin().get("apps/made")["miniapp_url"], page["miniapp_url"]);
}
