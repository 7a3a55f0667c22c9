//! Socket.IO from pages of another origin, in a real browser.

use std::time::Duration;

use harness::{each, until};

use super::common::ticket;
use super::pages::{Browser, cookie, start_server};

/// Serves a page of another origin. It first loads a page of the server, so that the browser has its cookie,
/// and then connects each generation of clients with each transport, with and without a ticket. Prints the
/// results.
const PAGE: &str = r"
    const [url, ticket, file] = process.argv.slice(2);
    const fs = require('fs');
    const clients = { 1: 'socket.io.js', 2: 'socket.io.js', 4: 'socket.io.js' };
    const html = `<!doctype html><script>
      const found = {};
      const load = (version) => new Promise((done) => {
        const script = document.createElement('script');
        script.src = '/client' + version + '.js';
        script.onload = () => { found[version] = window.io; delete window.io; done(); };
        document.head.append(script);
      });
      const shown = () => new Promise((done) => {
        const frame = document.createElement('iframe');
        frame.src = ${JSON.stringify(url)} + '/x/pager/page';
        frame.onload = done;
        document.body.append(frame);
      });
      const attempt = (version, transport, ticket) => new Promise((done) => {
        const socket = found[version].connect(${JSON.stringify(url)}, {
          transports: [transport], forceNew: true, reconnection: false, ...(ticket && { query: { ticket } }),
          withCredentials: true,
        });
        const end = (result) => { socket.close(); done(result); };
        socket.on('message', (text) => end(JSON.parse(text).name));
        for (const name of ['error', 'connect_error'])
          socket.on(name, (error) => end('refused: ' + (error && error.message || error)));
        setTimeout(() => end('nothing'), 8000);
      });
      addEventListener('load', async () => {
        for (const version of [1, 2, 4]) await load(version);
        await shown();
        const came = {};
        for (const version of [1, 2, 4]) for (const transport of ['polling', 'websocket'])
          came[version + ' ' + transport] = [
            await attempt(version, transport, ${JSON.stringify(ticket)}), await attempt(version, transport),
          ];
        await fetch('/report', { method: 'POST', body: JSON.stringify(came) });
      });
    </script>`;
    const server = require('http').createServer((request, response) => {
      const version = /^\/client(\d)\.js$/.exec(request.url);
      if (version) return response.end(fs.readFileSync(
        'node_modules/socket.io-client' + version[1] + '/dist/' + clients[version[1]]));
      if (request.url === '/report') {
        let text = '';
        request.on('data', (part) => text += part);
        return request.on('end', () => { console.log(text); process.exit(0); });
      }
      response.setHeader('content-type', 'text/html');
      response.end(html);
    });
    server.listen(0, '127.0.0.1', () => fs.writeFileSync(file, String(server.address().port)));";

#[test]
fn cross_origin_pages_need_a_ticket_and_cannot_use_a_cookie() {
    let (app_dir, gateway) = start_server();
    // Needs no hook: only the connection is tested.
    let ticket = ticket(&gateway, "pen", "live");
    let port = app_dir.path().join("port");
    let url = gateway.url("");
    let came = std::thread::scope(|scope| {
        let server = scope.spawn(|| app_dir.node(PAGE, &[&url, &ticket, port.to_str().unwrap()]));
        until("the page's server", Duration::from_secs(20), || {
            std::fs::read_to_string(&port).is_ok_and(|text| !text.is_empty())
        });
        let address = format!("http://127.0.0.1:{}/", std::fs::read_to_string(&port).unwrap());
        let _browser = Browser::show(&address);
        server.join().unwrap()
    });
    for version in ["1", "2", "4"] {
        for transport in ["polling", "websocket"] {
            let both = &came[format!("{version} {transport}")];
            assert_eq!(both[0], "server-connected", "{version} {transport}: {came}");
            let refused = both[1].as_str().unwrap();
            assert!(refused.contains("the page is not authenticated"), "{version} {transport}: {came}");
        }
    }
}

#[test]
fn only_socket_io_allows_cors_credentials_and_only_to_the_request_origin() {
    let (_shelf, gateway) = start_server();
    let mine = cookie(&gateway, "pager");
    let rows = [
        ("/socket.io/?EIO=3&transport=polling", true),
        ("/socket.io/?EIO=4&transport=polling", true),
        ("/socket.io/socket.io.js", true),
        ("/sdk/host.js", false),
        ("/api/v1/events/stream", false),
        ("/public/bolt/native/js/bolt.env.js", false),
    ];
    each(rows, |(path, credentials)| {
        let call = gateway.call("GET", path).header("Origin", "https://page.example");
        let answer = call.header("Cookie", &mine).send();
        let (origin, allowed) =
            if *credentials { ("https://page.example", Some("true")) } else { ("*", None) };
        assert_eq!(answer.header("access-control-allow-origin"), Some(origin), "{path}");
        assert_eq!(answer.header("access-control-allow-credentials"), allowed, "{path}");
        let vary = answer.header("vary").unwrap_or_default().to_ascii_lowercase();
        assert_eq!(vary.contains("origin"), *credentials, "{path}");
        let asked = gateway.call("OPTIONS", path).header("Origin", "https://page.example");
        let asked = asked.header("Access-Control-Request-Method", "POST").send().expect(204);
        assert_eq!(asked.header("access-control-allow-origin"), Some(origin), "{path}");
        assert_eq!(asked.header("access-control-allow-credentials"), allowed, "{path}");
    });
    let without = gateway.get("/socket.io/?EIO=4&transport=polling").expect(200);
    assert_eq!(without.header("access-control-allow-origin"), Some("*"));
    assert_eq!(without.header("access-control-allow-credentials"), None);
}
