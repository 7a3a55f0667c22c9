//! Pages that are hostile or stop reading.

use std::time::Duration;

use harness::{AppDir, Call, Gateway, Raw, WAIT, each, until};
use serde_json::json;

use super::common::{Stream, publish, start_server, ticket};

fn resident(gateway: &Gateway) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", gateway.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_page_that_never_reads_has_bounded_cost_and_gets_a_gap() {
    let mut gateway = start_server();
    let ticket = ticket(&gateway, "fax", "live");
    let mut deaf = Stream::open(&gateway, &ticket, None);
    let mut awake = Stream::open(&gateway, &ticket, None);
    let body = json!("x".repeat(200 * 1024));
    let mut before = 0;
    // The queue for the page is full after 256 events and must not grow further.
    for count in 0..600 {
        publish(&gateway, "camera", "large", &body);
        awake.next();
        if count == 320 {
            before = resident(&gateway);
        }
    }
    let grown = resident(&gateway).saturating_sub(before);
    assert!(grown < 48 * 1024, "{grown} KiB more");
    let mut received = 0;
    let missed = loop {
        let frame = deaf.next();
        if frame.event == "gap" {
            break frame.data["missed"].as_u64().unwrap();
        }
        received += 1;
    };
    assert!(missed > 200 && received + missed <= 600 && received > 0, "{received} received, {missed} missed");
    let last = publish(&gateway, "camera", "last", &json!(1));
    while deaf.next().event_id() != last {}
    gateway.assert_healthy();
}

#[test]
fn bad_handshakes_are_refused() {
    let mut gateway = start_server();
    let rows = [
        ("/socket.io/", 400),
        ("/socket.io/?EIO=2&transport=polling", 400),
        ("/socket.io/?EIO=4&transport=carrier-pigeon", 400),
        ("/socket.io/?EIO=4&transport=websocket", 400),
        ("/socket.io/?EIO=9&transport=websocket", 400),
        ("/socket.io/?EIO=4&transport=polling&sid=made-up", 400),
        ("/socket.io/?EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAAAA", 400),
    ];
    each(rows, |(path, status)| {
        let answer = gateway.get(path);
        assert_eq!(answer.status, *status, "{path}: {}", answer.text());
    });
    let mut raw = Raw::connect(gateway.address());
    let host = gateway.address();
    raw.send(format!(
        "GET /socket.io/?EIO=4&transport=websocket&sid=AAAAAAAAAAAAAAAAAAAAAA HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    ));
    assert!(raw.rest().starts_with("HTTP/1.1 101"), "and then it ends");
    gateway.assert_healthy();
}

fn polled(gateway: &Gateway, query: &str) -> String {
    let answer = gateway.get(&format!("/socket.io/?EIO=4&transport=polling{query}")).expect(200).text();
    answer.split("\"sid\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

#[test]
fn large_messages_end_their_socket_and_nothing_else() {
    let (mut gateway, app_dir) = (start_server(), AppDir::new());
    let good = ticket(&gateway, "fax", "live");
    let sid = polled(&gateway, &format!("&ticket={good}"));
    let path = format!("/socket.io/?EIO=4&transport=polling&sid={sid}");
    Call::new(gateway.address(), "POST", &path).body("4".repeat(100_001)).send().expect(413);
    let url = format!("ws://{}/socket.io/?EIO=4&transport=websocket&ticket={good}", gateway.address());
    let script = r"
        const WebSocket = require('ws');
        const socket = new WebSocket(process.argv[2]);
        socket.on('message', (data) => { if (String(data)[0] === '0') socket.send('40' + 'x'.repeat(200_000)); });
        socket.on('error', () => {});
        socket.on('close', (code) => { console.log(JSON.stringify({ code })); process.exit(0); });";
    assert!(app_dir.node(script, &[&url])["code"].as_u64().unwrap() > 1000);
    let many = r"
        const WebSocket = require('ws');
        const socket = new WebSocket(process.argv[2]);
        let opened = false;
        socket.on('message', (data) => {
          if (String(data)[0] === '0') socket.send('40');
          else if (!opened) { opened = true; for (let n = 0; n < 50_000; n++) socket.send('42[\x22x\x22]'); socket.close(); }
        });
        socket.on('error', () => {});
        socket.on('close', () => { console.log('{}'); process.exit(0); });";
    app_dir.node(many, &[&url]);
    gateway.assert_healthy();
}

#[test]
fn unauthenticated_sessions_are_limited() {
    // Opens sessions from an address, one after the other. Returns the number of successes.
    const ASKS: &str = r"
        const [host, port, localAddress, path] = process.argv.slice(2);
        const options = { host, port, localAddress, path, family: 4 };
        const ask = () => new Promise((done, failed) => require('http').get(options, (answer) => {
          answer.resume().on('end', () => done(answer.statusCode));
        }).on('error', failed));
        (async () => {
          const got = {};
          for (let n = 0; n < 30; n++) { const status = await ask(); got[status] = (got[status] || 0) + 1; }
          console.log(JSON.stringify(got));
        })();";
    let app_dir = AppDir::new();
    let mut gateway = super::common::setup().set("server", "connections", "50").start();
    let good = ticket(&gateway, "fax", "live");
    let (host, port) = (gateway.address().ip().to_string(), gateway.address().port().to_string());
    let ask = |from: &str, proof: &str| {
        let path = format!("/socket.io/?EIO=4&transport=polling{proof}");
        app_dir.node(ASKS, &[&host, &port, from, &path])
    };
    let few = json!({"200": 16, "503": 14});
    assert_eq!(ask("127.0.0.1", ""), few, "one address has a part of the places only");
    assert_eq!(ask("127.0.0.2", ""), few);
    assert_eq!(ask("127.0.0.3", "&ticket=tkt_wrong"), json!({"200": 13, "503": 17}), "45 in all");
    assert_eq!(ask("127.0.0.4", ""), json!({"503": 30}));
    assert_eq!(
        ask("127.0.0.1", &format!("&ticket={good}")),
        json!({"200": 30}),
        "who proves an app needs none"
    );
    let mut stream = Stream::open(&gateway, &good, None);
    publish(&gateway, "camera", "x", &json!(1));
    assert_eq!(stream.name(), "x", "streams have their places");
    until("their end", WAIT + Duration::from_secs(50), || {
        gateway.get("/socket.io/?EIO=4&transport=polling").status == 200
    });
    gateway.assert_healthy();
}
