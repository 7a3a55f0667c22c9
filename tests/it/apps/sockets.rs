//! WebSockets through `/x/<app>/…`, with third-party clients and servers.

use std::time::Duration;

use harness::{Raw, WAIT, until};
use serde_json::{Value, json};

use super::common::{setup, start_server};

/// Connects, sends messages and prints the answers.
const CLIENT: &str = r"
    const WebSocket = require('ws');
    const seen = { messages: [] };
    const socket = new WebSocket(process.argv[2], ['chat-v2', 'chat-v1'], {
      headers: { 'X-Bolt-App-Token': 'forged', 'X-Forwarded-For': 'forged', Cookie: 'session=1' },
    });
    const large = Buffer.alloc(1 << 20, 7);
    socket.on('open', () => {
      seen.protocol = socket.protocol;
      seen.extensions = socket.extensions;
      socket.send('hello');
      socket.send(large);
      socket.send('');
    });
    socket.on('message', (data, binary) => {
      seen.messages.push(binary ? data.equals(large) : String(data));
      if (seen.messages.length === 3) setTimeout(() => socket.close(4001, 'enough'), Number(process.argv[3]));
    });
    socket.on('error', (error) => { seen.error = String(error); });
    socket.on('close', (code) => { seen.code = code; console.log(JSON.stringify(seen)); });";

#[test]
fn websocket_messages_protocols_and_closes_pass_both_ways() {
    let (app_dir, gateway) = start_server();
    gateway.apps().install(&app_dir.sample("album"));
    let url = format!("ws://{}/x/album/live?room=1", gateway.address());
    let seen = app_dir.node(CLIENT, &[&url, "0"]);
    assert_eq!(seen["messages"], json!(["hello", true, ""]), "{seen}");
    assert_eq!(seen["protocol"], "chat-v2");
    assert_eq!(seen["code"], 4001, "{seen}");
    let connected = app_dir.wait("album", "connected", 1).remove(0);
    assert_eq!(connected["url"], "/live?room=1", "{connected}");
    let headers = &connected["headers"];
    assert!(!headers.to_string().contains("forged"), "{headers}");
    assert_eq!(headers["x-forwarded-prefix"], "/x/album");
    assert_eq!(headers["cookie"], "session=1");
    let closed = app_dir.wait("album", "closed", 1).remove(0);
    assert_eq!((&closed["code"], &closed["reason"]), (&json!(4001), &json!("enough")));
    assert_eq!(gateway.apps().page("album", "/").expect(200).text(), "album");
}

#[test]
fn a_node_app_with_a_server_owned_listener_can_use_websockets() {
    let (app_dir, gateway) = start_server();
    let server = "const { WebSocketServer } = require('ws');\nconst app = require('express')();\n\
        app.get('/', (request, response) => response.send('hall'));\n\
        app.attach = (server) => new WebSocketServer({ server, handleProtocols: () => 'chat-v1' })\n\
          .on('connection', (socket) => socket.on('message', (data, binary) => socket.send(data, { binary })));\n\
        module.exports = app;";
    let package = json!({"name": "hall", "dependencies": {"express": "5"}, "bolt": {"main": "server.js"}});
    gateway.apps().install(&app_dir.write("hall", &package, &[("server.js", server)]));
    let url = format!("ws://{}/x/hall/live", gateway.address());
    let seen = app_dir.node(CLIENT, &[&url, "0"]);
    assert_eq!((&seen["messages"], &seen["code"]), (&json!(["hello", true, ""]), &json!(4001)), "{seen}");
    assert_eq!(seen["protocol"], "chat-v1");
    assert_eq!(gateway.apps().page("hall", "/").expect(200).text(), "hall");
}

#[test]
fn an_open_websocket_keeps_its_app_running_but_not_the_server() {
    let (app_dir, mut gateway) =
        (harness::AppDir::new(), setup().set("runtime", "idle_timeout", "\"300ms\"").start());
    gateway.apps().install(&app_dir.sample("album"));
    let url = format!("ws://{}/x/album/live", gateway.address());
    let seen = app_dir.node(CLIENT, &[&url, "1200"]);
    assert_eq!(seen["code"], 4001, "it was cut off: {seen}");
    gateway.apps().wait_stopped("album");
    assert_eq!(app_dir.noted("album", "boot").len(), 1);
    let mut open = upgraded(&gateway);
    let begun = std::time::Instant::now();
    gateway.stop();
    // The server closes the socket instead of waiting: the app waits for the socket too, which would use up the
    // drain time.
    assert!(begun.elapsed() < Duration::from_secs(9), "{:?}", begun.elapsed());
    open.rest();
}

fn upgraded(gateway: &harness::Gateway) -> Raw {
    let mut socket = Raw::connect(gateway.address());
    socket.send(
        "GET /x/album/live HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    let answer = socket.answer();
    assert_eq!(answer.status, 101);
    assert_eq!(answer.header("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    socket
}

#[test]
fn an_app_notices_a_vanished_websocket_client() {
    let (app_dir, gateway) = start_server();
    gateway.apps().install(&app_dir.sample("album"));
    drop(upgraded(&gateway));
    let closed = app_dir.wait("album", "closed", 1).remove(0);
    assert_eq!(closed["code"], 1006, "{closed}");
}

#[test]
fn an_app_may_refuse_an_upgrade_with_any_answer() {
    let (app_dir, gateway) = start_server();
    gateway.apps().install(&app_dir.recorder("plain", &json!({})));
    let mut socket = Raw::connect(gateway.address());
    socket.send(
        "GET /x/plain/live HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    let answer = socket.answer();
    assert_ne!(answer.status, 101);
    // The server still works.
    until("another page", WAIT, || gateway.apps().page("plain", "/x").status == 200);
    let saw: Value = gateway.apps().page("plain", "/y").json();
    assert_eq!(saw["url"], "/y");
}
