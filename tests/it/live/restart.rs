//! Open pages reconnect by themselves after a server restart.

use std::path::Path;
use std::time::Duration;

use harness::{App, AppDir, Gate, Gateway, Receiver, Reply, Setup, WAIT, until};
use serde_json::{Value, json};

use super::common::{Stream, publish, start_server, ticket};
use super::pages::Browser;

/// Receives events until the one named `last`, with a new ticket for each connection. Older clients, whose
/// ticket is in the query, only until they have reconnected.
const STAYS: &str = r"
    const [url, version, token, ticket, transport, open] = process.argv.slice(2);
    const seen = { connected: 0, ends: [], errors: [] };
    const end = () => { console.log(JSON.stringify(seen)); process.exit(0); };
    const headers = { 'X-Bolt-App-Token': token, 'content-type': 'application/json' };
    const auth = async (tell) =>
      tell(await (await fetch(url + '/api/v1/tickets', { method: 'POST', headers, body: '{\x22use\x22: \x22live\x22}' })).json());
    const options = { transports: [transport], ...(version === '4' ? { auth } : { query: { ticket } }) };
    const socket = require('socket.io-client' + version).connect(url, options);
    socket.on('message', (text) => {
      const { name } = JSON.parse(text);
      if (name === 'server-connected') require('fs').writeFileSync(open, String(++seen.connected));
      if (name === 'last') end();
    });
    socket.on('connect_error', (error) => { if (socket.active === false) { seen.errors.push(error.message); end(); } });
    socket.on('disconnect', (reason) => seen.ends.push(reason));
    socket.on('reconnect', end);";

/// Restarts the server on the same port, so that pages can reconnect.
fn restart(gateway: &mut Gateway) {
    let address = format!("\"{}\"", gateway.address());
    gateway.stop().start_changed(|setup| setup.root("listen", &address));
}

fn opened(path: &Path, times: u32) {
    until("the connection", Duration::from_mins(1), || {
        std::fs::read_to_string(path).is_ok_and(|text| text == times.to_string())
    });
}

#[test]
fn sockets_reconnect_after_a_restart() {
    let (mut gateway, app_dir) = (start_server(), AppDir::new());
    let (url, token) = (gateway.url(""), gateway.setup().app_named("fax").token.clone());
    let old = ticket(&gateway, "fax", "live");
    let rows = ["1", "2", "4"].map(|version| ["polling", "websocket"].map(|transport| (version, transport)));
    let rows = rows.concat();
    let file = |version: &str, transport: &str| app_dir.path().join(format!("{version}-{transport}"));
    let seen: Vec<Value> = std::thread::scope(|scope| {
        let stay = |(version, transport): (&'static str, &'static str)| {
            let (url, token, old, app_dir) = (&url, &token, &old, &app_dir);
            let open = file(version, transport);
            scope.spawn(move || {
                app_dir.node(STAYS, &[url, version, token, old, transport, open.to_str().unwrap()])
            })
        };
        let clients: Vec<_> = rows.iter().map(|row| stay(*row)).collect();
        for (version, transport) in &rows {
            opened(&file(version, transport), 1);
        }
        restart(&mut gateway);
        for (version, transport) in &rows[4..] {
            opened(&file(version, transport), 2);
        }
        publish(&gateway, "fax", "last", &json!(1));
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    for (row, seen) in rows.iter().zip(&seen) {
        assert_eq!(seen["errors"], json!([]), "{row:?}: {seen}");
        let ends = seen["ends"].as_array().unwrap();
        assert_eq!(ends.len(), 1, "{row:?}: {seen}");
        assert!(ends[0] == "transport close" || ends[0] == "transport error", "{row:?}: {seen}");
    }
}

/// The code of the guide for older clients.
fn recipe() -> String {
    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/guides/live.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    let code = guide.split("```js").find(|code| code.contains("reconnection: false")).expect("the recipe");
    code.split("```").next().unwrap().to_owned()
}

#[test]
fn older_clients_reconnect_with_a_new_ticket_as_in_the_guide() {
    const STAYS: &str = r"
        const [url, version, token, transport, open] = process.argv.slice(2);
        const seen = { connected: 0, tickets: 0, refused: 0 };
        const headers = { 'X-Bolt-App-Token': token, 'content-type': 'application/json' };
        // The first ticket is invalid; the others expire long before the client reconnects.
        const freshTicket = async () => {
          if (seen.tickets++ === 0) return 'tkt_wrong';
          const body = JSON.stringify({ use: 'live', ttl: '1s' });
          return (await (await fetch(url + '/api/v1/tickets', { method: 'POST', headers, body })).json()).ticket;
        };
        const client = require('socket.io-client' + version);
        const io = (_, options) => client(url, { transports: [transport], ...options });
        RECIPE
        socket.on('error', () => seen.refused++);
        socket.on('message', (text) => {
          const { name } = JSON.parse(text);
          if (name === 'server-connected') require('fs').writeFileSync(open, String(++seen.connected));
          if (name === 'last') { console.log(JSON.stringify(seen)); process.exit(0); }
        });";
    let (mut gateway, app_dir) = (start_server(), AppDir::new());
    let (url, token) = (gateway.url(""), gateway.setup().app_named("fax").token.clone());
    let script = STAYS.replace("RECIPE", &recipe());
    let rows =
        ["1", "2"].map(|version| ["polling", "websocket"].map(|transport| (version, transport))).concat();
    let file = |version: &str, transport: &str| app_dir.path().join(format!("{version}-{transport}"));
    let seen: Vec<Value> = std::thread::scope(|scope| {
        let stay = |(version, transport): (&'static str, &'static str)| {
            let (url, token, app_dir, script) = (&url, &token, &app_dir, &script);
            let open = file(version, transport);
            scope.spawn(move || {
                app_dir.node(script, &[url, version, token, transport, open.to_str().unwrap()])
            })
        };
        let clients: Vec<_> = rows.iter().map(|row| stay(*row)).collect();
        for (version, transport) in &rows {
            opened(&file(version, transport), 1);
        }
        restart(&mut gateway);
        for (version, transport) in &rows {
            opened(&file(version, transport), 2);
        }
        publish(&gateway, "fax", "last", &json!(1));
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    for (row, seen) in rows.iter().zip(&seen) {
        assert!(seen["refused"].as_u64() >= Some(1), "{row:?}: {seen}");
        assert!(seen["tickets"].as_u64() >= Some(3), "{row:?}: {seen}");
    }
}

#[test]
fn a_draining_server_keeps_streams_and_accepts_none() {
    let (receiver, gate) = (Receiver::start(), Gate::default());
    let fax = App::new("fax").url(&receiver.url("/fax")).hooks(r#""fax/*" = "all""#);
    let mut gateway = Setup::new().app(fax).start();
    receiver.at("/fax/all", Reply::json("{}").behind(&gate));
    let ticket = ticket(&gateway, "fax", "live");
    let mut stream = Stream::open(&gateway, &ticket, None);
    publish(&gateway, "fax", "held", &json!(1));
    assert_eq!(stream.name(), "held");
    receiver.wait(1);
    gateway.sigterm();
    until("not ready", WAIT, || gateway.get("/readyz").status == 503);
    let refused = gateway.get(&format!("/api/v1/events/stream?ticket={ticket}")).expect(503);
    assert_eq!(refused.json()["code"], "draining");
    assert!(refused.header("retry-after").is_some());
    assert_eq!(refused.header("access-control-allow-origin"), Some("*"));
    gateway.get("/api/v1/events/stream").expect(401);
    gateway.get(&format!("/socket.io/?EIO=4&transport=polling&ticket={ticket}")).expect(503);
    assert!(
        stream.is_silent(Duration::from_millis(1200)),
        "a page that came back now would be refused for good"
    );
    gate.open();
    assert_eq!(gateway.wait_exit(Duration::from_secs(5)).code(), Some(0));
    stream.ended();
}

/// Serves a page with Bolt's scripts. It reports each event of its app with the number of connections so far.
const SERVER: &str = r"
    const note = require('note');
    module.exports = (request, response) => {
      const parts = [];
      request.on('data', (part) => parts.push(part));
      request.on('end', () => {
        if (request.url === '/report') note('report', JSON.parse(Buffer.concat(parts).toString()));
        if (request.url !== '/page') return response.end('{}');
        response.setHeader('content-type', 'text/html; charset=utf-8');
        response.end(`<!doctype html>
          <script src=/socket.io/socket.io.js></script>
          <script src=/public/bolt/native/js/bolt.env.js></script>
          <script src=/public/bolt/native/js/bolt.request.js></script>
          <script src=/public/bolt/native/js/bolt.events.js></script>
          <script>
            let connected = 0;
            Bolt.Events.on('*', ({ name }) => {
              if (name === 'server-connected') connected++;
              Bolt.Request.to('report', { method: 'POST', body: { name, connected } }, () => {});
            });
          </script>`);
      });
    };";

#[test]
fn a_page_receives_events_again_after_a_restart() {
    let (app_dir, mut gateway) = (AppDir::new(), Setup::new().app(App::new("pen")).starts_apps().start());
    let package = json!({"name": "pager", "version": "1.0.0", "bolt": {"main": "server.js", "hooks": {"pen/*": "hooks/received"}}});
    gateway.apps().install(&app_dir.write("pager", &package, &[("server.js", SERVER)]));
    let _browser = Browser::show(&gateway.url("/x/pager/page"));
    let reported = |name: &str, connected: u64| {
        until(name, Duration::from_mins(1), || {
            let noted = app_dir.noted("pager", "report");
            noted.iter().any(|note| note["name"] == name && note["connected"].as_u64() >= Some(connected))
        });
    };
    reported("server-connected", 1);
    restart(&mut gateway);
    reported("server-connected", 2);
    gateway.bolt("pen").publish("clicked", &json!({}));
    reported("clicked", 2);
}

#[test]
fn bolts_page_scripts_retry_refused_connections() {
    // The ticket is valid from the second refusal on.
    const PAGE: &str = r"
        const [url, ticket] = process.argv.slice(2);
        let attribute = 'tkt_wrong';
        const io = require('socket.io-client4');
        const document = { currentScript: { getAttribute: () => attribute } };
        const location = { origin: 'http://page.example' };
        const warned = [];
        const console = { warn: (message) => {
          if (warned.push(message) === 2) attribute = ticket;
        } };
        const Bolt = { Env: { getAddress: () => url } };
        const script = fetch(url + '/public/bolt/native/js/bolt.events.js').then((answer) => answer.text());
        script.then((text) => {
          new Function('Bolt', 'io', 'document', 'location', 'console', text)(Bolt, io, document, location, console);
          Bolt.Events.on('bolt/server-connected', () => {
            process.stdout.write(JSON.stringify(warned) + '\n', () => process.exit(0));
          });
        });";
    let (gateway, app_dir) = (start_server(), AppDir::new());
    let warned = app_dir.node(PAGE, &[&gateway.url(""), &ticket(&gateway, "fax", "live")]);
    let warned: Vec<&str> =
        warned.as_array().unwrap().iter().map(|message| message.as_str().unwrap()).collect();
    assert!(warned.iter().all(|message| message.contains("the page is not authenticated")), "{warned:?}");
    assert!(
        warned.len() == 2 && warned[0].ends_with(" in 1 s") && warned[1].ends_with(" in 2 s"),
        "{warned:?}"
    );
}
