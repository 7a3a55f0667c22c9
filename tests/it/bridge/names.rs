//! Names with capital letters: compared without case, sent and shown as registered.

use harness::{App, Gateway, ReceivedRequest, Receiver, Setup, basic};
use serde_json::{Value, json};

const HOST: &str = "host_a5801h7tkBLi";

fn setup(receiver: &Receiver, host: &str) -> Setup {
    // The secrets stay the same when the name changes its case.
    let mut host_app = App::new(&host.to_ascii_lowercase()).receiver(&receiver.url("/host"));
    host.clone_into(&mut host_app.name);
    let hooks = format!("\"{host}/paid\" = \"paid\"");
    let shop = App::new("Shop").url(&receiver.url("/base")).receiver(&receiver.url("/shop")).hooks(&hooks);
    Setup::new().app(host_app).app(shop).link(host, "shop")
}

fn event(client: &str, app: &str) -> String {
    json!({"app_id": app, "client_id": client, "event_type": "paid", "payload": {"n": 1}}).to_string()
}

/// Runs `act` and returns the request that it causes at `path`.
fn arrives<T>(receiver: &Receiver, path: &str, act: impl FnOnce() -> T) -> (ReceivedRequest, T) {
    let before = receiver.requests_at(path).len();
    let done = act();
    (receiver.wait_at(path, before + 1).pop().unwrap(), done)
}

fn exchanged(gateway: &Gateway, receiver: &Receiver, host: &str) {
    let checked = |got: &ReceivedRequest, name: &str| {
        let secret = &gateway.setup().app_named(name).secret_key;
        assert_eq!(got.header("authorization"), Some(&*basic("Token", name, secret)));
        assert_eq!((&got.json()["app_id"], &got.json()["client_id"]), (&json!("Shop"), &json!(host)));
    };
    for (client, app) in [(host, "Shop"), ("HOST_A5801H7TKBLI", "shop")] {
        let (got, answer) = arrives(receiver, "/shop", || gateway.host(host).send(event(client, app)));
        answer.expect(200);
        checked(&got, "Shop");
        let (got, answer) = arrives(receiver, "/host", || gateway.miniapp("Shop").send(event(client, app)));
        answer.expect(200);
        checked(&got, host);
    }
    let other_case = basic("Token", "HOST_a5801h7tkbli", &gateway.setup().app_named(host).secret_key);
    gateway.host(host).bare(event(host, "Shop")).header("Authorization", other_case).send().expect(200);
}

fn published(gateway: &Gateway, receiver: &Receiver, host: &str) -> Value {
    let publish = || gateway.bolt(host).publish("paid", &json!({"subscribers": ["sHOP"]}));
    let (got, answer) = arrives(receiver, "/base/paid", publish);
    assert_eq!((&answer["publisher"], &answer["deliveries"]), (&json!(host), &json!(1)));
    assert_eq!(got.json()["publisher"], host);
    answer["id"].clone()
}

#[test]
fn names_are_sent_as_registered_and_compared_without_case() {
    let receiver = Receiver::start();
    let gateway = setup(&receiver, HOST).start();
    exchanged(&gateway, &receiver, HOST);
    let event = published(&gateway, &receiver, HOST);
    let admin = gateway.admin();
    assert_eq!(admin.get("apps/HOST_a5801h7tkbli")["name"], HOST);
    assert_eq!(admin.get("links/host_a5801h7tkbli/SHOP")["host"], HOST);
    assert_eq!(admin.get(&format!("events/{}", event.as_str().unwrap()))["publisher"], HOST);
    assert_eq!(admin.all("events?publisher=host_A5801h7tkbli").len(), 1);
    assert_eq!(admin.all("hooks?app=SHOP")[0]["app"], "Shop");
    assert_eq!(admin.delivery(event.as_str().unwrap())["app"], "Shop");
    assert_eq!(admin.all("deliveries?app=shop").len(), 1);
    let exchanges = admin.all("exchanges?app=HOST_A5801H7TKBLI");
    assert!(
        exchanges.len() == 5 && exchanges.iter().any(|exchange| exchange["sender"] == HOST),
        "{exchanges:?}"
    );
    let twice = admin.send("POST", "apps", &json!({"name": "SHOP"})).expect(409);
    assert!(twice.text().contains("Shop") || twice.text().contains("SHOP"), "{}", twice.text());
}

#[test]
fn a_name_in_another_case_in_the_file_renames_the_app_only() {
    let receiver = Receiver::start();
    // The database of an older server that lower-cased all names.
    let mut gateway = setup(&receiver, "host_a5801h7tkbli").start();
    published(&gateway, &receiver, "host_a5801h7tkbli");
    let hook = gateway.admin().all("hooks?app=shop")[0]["id"].clone();
    let apps = gateway.admin().all("apps?").len();
    gateway.stop().start_changed(|_| setup(&receiver, HOST));
    exchanged(&gateway, &receiver, HOST);
    published(&gateway, &receiver, HOST);
    assert_eq!(gateway.admin().all("hooks?app=shop")[0]["id"], hook);
    assert_eq!(gateway.admin().all("apps?").len(), apps);
    assert_eq!(gateway.admin().all("links?")[0]["host"], HOST);
    assert_eq!(gateway.admin().all("events?publisher=HOST_A5801H7TKBLI").len(), 2);
    gateway.stop().start_again();
    assert_eq!(gateway.admin().all("links?")[0]["host"], HOST);
}

#[test]
fn names_of_the_server_are_reserved() {
    let gateway = Setup::new().app(App::new("superapp")).start();
    for name in ["bolt", "Bolt.", "b0lt", "bo-lt", "boIt", "SUB"] {
        let refused = gateway.admin().send("POST", "apps", &json!({"name": name})).expect(422);
        assert!(refused.text().contains("reserved") && refused.text().contains(name), "{}", refused.text());
    }
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("my.toml"), Setup::new().app(App::new("b0lt")).text()).unwrap();
    let exit = harness::footbridge(dir.path(), &["config", "check", "my.toml"], &[]);
    assert!(
        exit.code == Some(1) && exit.output.contains("b0lt") && exit.output.contains("reserved"),
        "{}",
        exit.output
    );
}
