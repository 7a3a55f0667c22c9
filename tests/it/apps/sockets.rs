//! WebSockets through `/x/<app>/…`, with a client and a server that others wrote.

use std::time::Duration;

use harness::{Raw, WAIT, until};
use serde_json::{Value, json};

use super::stand::{setup, stand};

/// Connects, sends what it is told, and prints what came of it.
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
fn messages_protocols_and_closing_travel_both_ways() {
    let (shelf, gateway) = stand();
    gateway.apps().install(&shelf.sample("album"));
    let url = format!("ws://{}/x/album/live?room=1", gateway.address());
    let seen = shelf.node(CLIENT, &[&url, "0"]);
    assert_eq!(seen["messages"], json!(["hello", true, ""]), "{seen}");
    assert_eq!(seen["protocol"], "chat-v2");
    assert_eq!(seen["code"], 4001, "{seen}");
    let connected = shelf.wait("album", "connected", 1).remove(0);
    assert_eq!(connected["url"], "/live?room=1", "{connected}");
    let headers = &connected["headers"];
    assert!(!headers.to_string().contains("forged"), "{headers}");
    assert_eq!(headers["x-forwarded-prefix"], "/x/album");
    assert_eq!(headers["cookie"], "session=1");
    let closed = shelf.wait("album", "closed", 1).remove(0);
    assert_eq!((&closed["code"], &closed["reason"]), (&json!(4001), &json!("enough")));
    assert_eq!(gateway.apps().page("album", "/").expect(200).text(), "album");
}

#[test]
fn an_app_that_the_server_listens_for_can_have_its_sockets_too() {
    let (shelf, gateway) = stand();
    let server = "const { WebSocketServer } = require('ws');\nconst app = require('express')();\n\
        app.get('/', (request, response) => response.send('hall'));\n\
        app.attach = (server) => new WebSocketServer({ server, handleProtocols: () => 'chat-v1' })\n\
          .on('connection', (socket) => socket.on('message', (data, binary) => socket.send(data, { binary })));\n\
        module.exports = app;";
    let package = json!({"name": "hall", "dependencies": {"express": "5"}, "bolt": {"main": "server.js"}});
    gateway.apps().install(&shelf.write("hall", &package, &[("server.js", server)]));
    let url = format!("ws://{}/x/hall/live", gateway.address());
    let seen = shelf.node(CLIENT, &[&url, "0"]);
    assert_eq!((&seen["messages"], &seen["code"]), (&json!(["hello", true, ""]), &json!(4001)), "{seen}");
    assert_eq!(seen["protocol"], "chat-v1");
    assert_eq!(gateway.apps().page("hall", "/").expect(200).text(), "hall");
}

#[test]
fn an_open_socket_keeps_its_app_up_and_does_not_hold_back_the_end_of_the_server() {
    let (shelf, mut gateway) =
        (harness::Shelf::new(), setup().set("runtime", "idle_timeout", "\"300ms\"").start());
    gateway.apps().install(&shelf.sample("album"));
    let url = format!("ws://{}/x/album/live", gateway.address());
    let seen = shelf.node(CLIENT, &[&url, "1200"]);
    assert_eq!(seen["code"], 4001, "it was cut off: {seen}");
    gateway.apps().wait_down("album");
    assert_eq!(shelf.noted("album", "boot").len(), 1);
    let mut open = upgraded(&gateway);
    let begun = std::time::Instant::now();
    gateway.stop();
    // It is given up, not waited for: its app, which waits for it in turn, would use up the whole drain.
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
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
fn a_client_that_vanishes_is_noticed_by_the_app() {
    let (shelf, gateway) = stand();
    gateway.apps().install(&shelf.sample("album"));
    drop(upgraded(&gateway));
    let closed = shelf.wait("album", "closed", 1).remove(0);
    assert_eq!(closed["code"], 1006, "{closed}");
}

#[test]
fn an_app_that_wants_no_upgrade_answers_as_it_likes() {
    let (shelf, gateway) = stand();
    gateway.apps().install(&shelf.recorder("plain", &json!({})));
    let mut socket = Raw::connect(gateway.address());
    socket.send(
        "GET /x/plain/live HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    let answer = socket.answer();
    assert_ne!(answer.status, 101);
    // The server is as before.
    until("another page", WAIT, || gateway.apps().page("plain", "/x").status == 200);
    let saw: Value = gateway.apps().page("plain", "/y").json();
    assert_eq!(saw["url"], "/y");
}
