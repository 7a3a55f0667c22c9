//! Socket.IO with clients of its three protocol generations.

use std::time::Duration;

use harness::{AppDir, each, until};
use serde_json::{Value, json};

use super::common::{ask, publish, start_server, ticket};

/// Receives events until the one named `last` and prints them.
pub(super) const CLIENT: &str = r"
    const [url, version, options, open] = process.argv.slice(2);
    const io = require('socket.io-client' + version);
    const seen = { messages: [], errors: [], transport: null };
    const end = () => { console.log(JSON.stringify(seen)); process.exit(0); };
    const socket = io.connect(url, JSON.parse(options));
    socket.on('message', (text) => {
      const event = JSON.parse(text);
      seen.ascii = (seen.ascii !== false) && /^[\0-\x7f]*$/.test(text);
      seen.messages.push(event);
      if (event.name === 'server-connected') require('fs').writeFileSync(open, 'open');
      if (event.name === 'last') { seen.transport = socket.io.engine.transport.name; end(); }
    });
    for (const name of ['error', 'connect_error']) socket.on(name, (error) => {
      seen.errors.push(String(error && error.message || error)); end();
    });
    socket.on('disconnect', (reason) => { seen.end = reason; });";

#[test]
fn clients_of_three_generations_get_each_event_once() {
    let (gateway, app_dir) = (start_server(), AppDir::new());
    let ticket = ticket(&gateway, "fax", "live");
    let both = json!(["polling", "websocket"]);
    let mut rows = Vec::new();
    for version in ["1", "2", "4"] {
        for transports in [json!(["polling"]), json!(["websocket"]), both.clone()] {
            rows.push((version, transports));
        }
    }
    each(rows, |(version, transports)| {
        let options = json!({"transports": transports, "query": {"ticket": ticket}, "forceNew": true});
        let open = tempfile::NamedTempFile::new_in(app_dir.path()).unwrap();
        let path = open.path().to_owned();
        let args = [gateway.url(""), (*version).to_owned(), options.to_string()];
        let seen = std::thread::scope(|scope| {
            let client =
                scope.spawn(|| app_dir.node(CLIENT, &[&args[0], &args[1], &args[2], path.to_str().unwrap()]));
            until("the connection", Duration::from_mins(1), || {
                std::fs::read(&path).is_ok_and(|text| text == b"open")
            });
            publish(&gateway, "camera", "photo-saved", &json!({"é": "😀\u{2028}"}));
            publish(&gateway, "fax", "last", &json!(1));
            client.join().unwrap()
        });
        let names: Vec<&str> = seen["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| event["name"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["server-connected", "photo-saved", "last"], "{seen}");
        let first = &seen["messages"][0];
        assert_eq!((&first["publisher"], &first["body"]), (&json!("bolt"), &json!({})), "{seen}");
        let event = &seen["messages"][1];
        assert_eq!((&event["publisher"], &event["body"]), (&json!("camera"), &json!({"é": "😀\u{2028}"})));
        assert_eq!(event.get("token"), None, "an app of the file shows no page its token");
        assert_eq!(seen["ascii"], true);
        let last = if *transports == json!(["polling"]) { "polling" } else { "websocket" };
        assert_eq!(seen["transport"], last, "{seen}");
    });
}

#[test]
fn socket_auth_authenticates_an_app_and_without_it_nothing_is_sent() {
    let (gateway, app_dir) = (start_server(), AppDir::new());
    let open = app_dir.path().join("open");
    let connect = |version: &str, options: &Value| {
        app_dir.node(CLIENT, &[&gateway.url(""), version, &options.to_string(), open.to_str().unwrap()])
    };
    let narrow = ask(&gateway, "fax", &json!({"use": "live", "events": ["*/last"]})).expect(200).json();
    let seen = std::thread::scope(|scope| {
        let client = scope.spawn(|| connect("4", &json!({"auth": {"ticket": narrow["ticket"]}})));
        until("the connection", Duration::from_mins(1), || open.exists());
        publish(&gateway, "camera", "photo-saved", &json!(1));
        publish(&gateway, "fax", "last", &json!(1));
        client.join().unwrap()
    });
    assert_eq!(seen["messages"].as_array().unwrap().len(), 2, "{seen}");
    let forward = ticket(&gateway, "fax", "forward");
    let rows = [
        ("4", json!({})),
        ("4", json!({"auth": {"ticket": "tkt_wrong"}})),
        ("4", json!({"auth": {"ticket": forward}})),
        ("4", json!({"auth": {"ticket": "tkt_wrong"}, "query": {"ticket": ticket(&gateway, "fax", "live")}})),
        ("4", json!({"transports": ["websocket"]})),
        ("2", json!({"query": {"ticket": "tkt_wrong"}})),
        ("1", json!({})),
    ];
    each(rows, |(version, options)| {
        let seen = connect(version, options);
        assert_eq!(seen["messages"], json!([]), "{seen}");
        assert!(seen["errors"][0].as_str().unwrap().contains("the page is not authenticated"), "{seen}");
    });
    until("no live connection", harness::WAIT, || gateway.metric("footbridge_live_connections", "") == 0);
}

#[test]
fn sockets_end_with_their_app_and_with_the_server() {
    const WAITS: &str = r"
        const [url, options, open] = process.argv.slice(2);
        const socket = require('socket.io-client4').connect(url, { ...JSON.parse(options), reconnection: false });
        socket.on('message', () => require('fs').writeFileSync(open, 'open'));
        socket.on('disconnect', (reason) => { console.log(JSON.stringify(reason)); process.exit(0); });";
    let (mut gateway, app_dir) = (start_server(), AppDir::new());
    let made = gateway.admin().done("POST", "apps", &json!({"name": "temp"}));
    let call = gateway.call("POST", "/api/v1/tickets");
    let call = call.header("X-Bolt-App-Token", made["token"].as_str().unwrap());
    let temp = call.json(&json!({"use": "live"})).send().expect(200).json()["ticket"].clone();
    let fax = json!(ticket(&gateway, "fax", "live"));
    let url = gateway.url("");
    let wait = |ticket: &Value, transport: &str, file: &str| {
        let options = json!({"auth": {"ticket": ticket}, "transports": [transport]}).to_string();
        let open = app_dir.path().join(file);
        app_dir.node(WAITS, &[&url, &options, open.to_str().unwrap()])
    };
    std::thread::scope(|scope| {
        let of_app = scope.spawn(|| wait(&temp, "polling", "a"));
        let others =
            [scope.spawn(|| wait(&fax, "websocket", "b")), scope.spawn(|| wait(&fax, "polling", "c"))];
        until("the connections", Duration::from_mins(1), || {
            ["a", "b", "c"].iter().all(|file| app_dir.path().join(file).exists())
        });
        gateway.admin().delete("apps/temp");
        assert_eq!(of_app.join().unwrap(), "io server disconnect");
        gateway.stop();
        for other in others {
            other.join().unwrap();
        }
    });
}
