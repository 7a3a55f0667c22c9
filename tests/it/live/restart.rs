//! Pages stay open while the server is started again: they come back by themselves.

use std::path::Path;
use std::time::Duration;

use harness::{Gateway, Shelf, until};
use serde_json::{Value, json};

use super::stand::{publish, stand, ticket};

/// Listens until the event called `last`, with a fresh ticket for each connection; older clients, whose ticket is in
/// the query, until they are connected again.
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

/// Starts it again where it was, so that pages find it.
fn restart(gateway: &mut Gateway) {
    let address = format!("\"{}\"", gateway.address());
    gateway.stop().start_changed(|setup| setup.root("listen", &address));
}

fn opened(path: &Path, times: u32) {
    until("the connection", Duration::from_secs(30), || {
        std::fs::read_to_string(path).is_ok_and(|text| text == times.to_string())
    });
}

#[test]
fn sockets_come_back_after_a_restart() {
    let (mut gateway, shelf) = (stand(), Shelf::new());
    let (url, token) = (gateway.url(""), gateway.setup().app_named("fax").token.clone());
    let old = ticket(&gateway, "fax", "live");
    let rows = ["1", "2", "4"].map(|version| ["polling", "websocket"].map(|transport| (version, transport)));
    let rows = rows.concat();
    let file = |version: &str, transport: &str| shelf.path().join(format!("{version}-{transport}"));
    let seen: Vec<Value> = std::thread::scope(|scope| {
        let stay = |(version, transport): (&'static str, &'static str)| {
            let (url, token, old, shelf) = (&url, &token, &old, &shelf);
            let open = file(version, transport);
            scope.spawn(move || {
                shelf.node(STAYS, &[url, version, token, old, transport, open.to_str().unwrap()])
            })
        };
        let clients: Vec<_> = rows.iter().map(|row| stay(*row)).collect();
        rows.iter().for_each(|(version, transport)| opened(&file(version, transport), 1));
        restart(&mut gateway);
        rows[4..].iter().for_each(|(version, transport)| opened(&file(version, transport), 2));
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
