//! Pages of installed apps: the cookie that authenticates them, and Bolt's scripts in a real browser.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use harness::{App, AppDir, Gateway, Raw, Setup, each};
use serde_json::{Value, json};

/// Serves a page; notes its requests and the page's reports.
const SERVER: &str = r"
    const note = require('note');
    let token;
    module.exports = (request, response) => {
      const parts = [];
      request.on('data', (part) => parts.push(part));
      request.on('end', () => {
        const text = Buffer.concat(parts).toString();
        note('got', { url: request.url, headers: request.headers });
        if (request.url === '/hooks/starting') { token = JSON.parse(text).body.appToken; note('starting', { event: JSON.parse(text) }); }
        if (request.url === '/report') note('report', JSON.parse(text));
        if (request.url === '/moved') { response.writeHead(302, { location: 'page' }); return response.end(); }
        if (request.url === '/none') { response.writeHead(404, { 'content-type': 'text/html' }); return response.end('none'); }
        if (request.url !== '/page') return response.end('{}');
        response.setHeader('content-type', 'text/html; charset=utf-8');
        response.end(`<!doctype html>
          <script src=/socket.io/socket.io.js></script>
          <script src=/public/bolt/native/js/bolt.env.js></script>
          <script src=/public/bolt/native/js/bolt.request.js></script>
          <script src=/public/bolt/native/js/bolt.events.js></script>
          <script>
            const token = ${JSON.stringify(token)}, seen = [];
            const put = (what) => (event) => seen.push([what, event.name, event.publisher, event.body, event.token === token]);
            Bolt.Events.on('*', put('all'));
            Bolt.Events.on('Pager\\\\Clicked', put('mine'));
            Bolt.Events.on('pen/clicked', put('never'));
            Bolt.Events.on('*/clicked', put('removed'), 'gone');
            Bolt.Events.remove('gone');
            Bolt.Events.on('bolt/server-connected', () =>
              Bolt.Events.emit('Clicked', { body: { 'é': '😀' } }, token, (error, text) => {
                seen.push(['answered', String(error), JSON.parse(text).code]);
                // Without a token the page's token is used.
                Bolt.Events.emit('done', {}, null, () => {});
              }));
            Bolt.Events.on('done', () => Bolt.Request.to('report', { method: 'POST', body: { seen, address: Bolt.Env.getAddress() } }, () => {}));
          </script>`);
      });
    };";

pub(super) fn start_server() -> (AppDir, Gateway) {
    let (app_dir, gateway) = (AppDir::new(), Setup::new().app(App::new("pen")).starts_apps().start());
    for name in ["pager", "other"] {
        let hooks = json!({
            "bolt/app-starting": "hooks/starting", format!("{name}/*"): "hooks/received", "pen/*": "hooks/received"
        });
        let package = json!({
            "name": name, "version": "1.0.0", "bolt": {"main": "server.js", "hooks": hooks},
            "footbridge": {"page_events": ["Clicked", "done"]}
        });
        gateway.apps().install(&app_dir.write(name, &package, &[("server.js", SERVER)]));
    }
    (app_dir, gateway)
}

pub(super) const DOCUMENT: [(&str, &str); 2] =
    [("Sec-Fetch-Dest", "document"), ("Sec-Fetch-Mode", "navigate")];

/// The cookie that an app's page sets, as the browser sends it.
pub(super) fn cookie(gateway: &Gateway, app: &str) -> String {
    let page = gateway.apps().visit("GET", app, "/page").headers(&DOCUMENT).send().expect(200);
    let set = page.header("set-cookie").expect("a cookie").to_owned();
    assert!(set.starts_with(&format!("fb_page_{app}=")), "{set}");
    for part in ["; HttpOnly", "; Path=/", "; SameSite=Strict", "; Max-Age=43200"] {
        assert!(set.contains(part), "{set}");
    }
    set.split(';').next().unwrap().to_owned()
}

#[test]
fn a_page_gets_a_cookie_that_no_app_sees() {
    let (app_dir, gateway) = start_server();
    let (mine, other) = (cookie(&gateway, "pager"), cookie(&gateway, "other"));
    let visit = |tail: &str| gateway.apps().visit("GET", "pager", tail);
    let jar = format!("a=1; {mine}; {other}; b=2");
    visit("/seen").header("Cookie", &jar).send().expect(200);
    let seen = app_dir.wait("pager", "got", 1).into_iter().find(|note| note["url"] == "/seen").unwrap();
    assert_eq!(seen["headers"]["cookie"], "a=1; b=2");
    let without = [
        visit("/page"),
        visit("/page").header("Sec-Fetch-Dest", "empty").header("Accept", "text/html"),
        visit("/moved").headers(&DOCUMENT),
        visit("/none").headers(&DOCUMENT),
        visit("/data").headers(&DOCUMENT),
        gateway.apps().visit("POST", "pager", "/page").headers(&DOCUMENT),
    ];
    for call in without {
        let answer = call.send();
        assert_eq!(answer.header("set-cookie"), None, "{}", answer.status);
    }
    let old = visit("/page").header("Accept", "text/html,*/*").send();
    assert!(old.header("set-cookie").is_some(), "browsers that do not say what they ask for");
}

/// The status of a stream request with these headers.
fn status(gateway: &Gateway, headers: &[(&str, &str)]) -> u16 {
    let mut raw = Raw::connect(gateway.address());
    let lines: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let lines = lines.concat();
    raw.send(format!(
        "GET /api/v1/events/stream?app=pager HTTP/1.0\r\nHost: {}\r\n{lines}\r\n",
        gateway.address()
    ));
    raw.until("\r\n\r\n").split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn the_cookie_proves_one_app_to_pages_of_this_server_alone() {
    let (app_dir, mut gateway) = start_server();
    let (mine, other) = (cookie(&gateway, "pager"), cookie(&gateway, "other"));
    let both = format!("{mine}; {other}");
    let page = gateway.url("/x/pager/page");
    let (own, elsewhere) = (gateway.url(""), gateway.url("/"));
    let longer = format!("{}0", mine.replacen("pager=", "pager=9", 1));
    let renamed = other.replacen("fb_page_other", "fb_page_pager", 1);
    let rows: Vec<(Vec<(&str, &str)>, u16)> = vec![
        (vec![("Cookie", &mine)], 200),
        (vec![("Cookie", &mine), ("Referer", &page)], 200),
        (vec![("Cookie", &both), ("Referer", &page), ("Sec-Fetch-Site", "same-origin")], 200),
        (vec![("Cookie", &mine), ("Origin", &own)], 200),
        (vec![], 401),
        (vec![("Referer", &page)], 401),
        (vec![("Cookie", &both)], 401),
        (vec![("Cookie", &both), ("Referer", &elsewhere)], 401),
        (vec![("Cookie", &other), ("Referer", &page)], 401),
        (vec![("Cookie", &mine), ("Origin", "https://evil.example")], 401),
        (vec![("Cookie", &mine), ("Origin", "null")], 401),
        (vec![("Cookie", &mine), ("Sec-Fetch-Site", "same-site")], 401),
        (vec![("Cookie", &mine), ("Sec-Fetch-Site", "cross-site")], 401),
        (vec![("Cookie", &mine), ("Authorization", "Bearer tkt_wrong")], 401),
        (vec![("Cookie", &longer)], 401),
        (vec![("Cookie", &renamed), ("Referer", &page)], 401),
    ];
    each(rows, |(headers, expected)| assert_eq!(status(&gateway, headers), *expected, "{headers:?}"));
    for (restart, answered) in
        [(Gateway::stop as fn(&mut Gateway) -> &mut Gateway, "stop"), (Gateway::kill9, "kill")]
    {
        restart(&mut gateway).start_again();
        assert_eq!(status(&gateway, &[("Cookie", &mine)]), 200, "cookies outlive the server: {answered}");
    }
    gateway.apps().uninstall("pager");
    assert_eq!(status(&gateway, &[("Cookie", &mine)]), 401, "and end with their app");
    gateway.apps().install(&app_dir.path().join("pager"));
    assert_eq!(status(&gateway, &[("Cookie", &mine)]), 401, "also when one of its name comes");
    assert_eq!(status(&gateway, &[("Cookie", &cookie(&gateway, "pager"))]), 200);
}

/// A browser that shows a page until it is dropped.
pub(super) struct Browser(Child, #[expect(dead_code, reason = "goes with it")] tempfile::TempDir);

impl Browser {
    pub(super) fn show(url: &str) -> Self {
        let program = ["chromium", "chromium-browser", "google-chrome"]
            .into_iter()
            .map(|name| PathBuf::from("/usr/bin").join(name))
            .find(|path| path.exists())
            .expect("install chromium first: this test shows a page in it");
        let dir = tempfile::tempdir().unwrap();
        let profile = format!("--user-data-dir={}", dir.path().display());
        let flags = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"];
        let child = Command::new(program)
            .args(flags)
            .args([&profile, "--remote-debugging-port=0", "--no-first-run", url])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self(child, dir)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

#[test]
fn bolts_page_scripts_work_in_a_browser() {
    let (app_dir, gateway) = start_server();
    let _browser = Browser::show(&gateway.url("/x/pager/page"));
    let report: Value = app_dir.wait("pager", "report", 1).remove(0);
    assert_eq!(report["address"], gateway.url(""), "{report}");
    let seen = &report["seen"];
    let body = json!({"é": "😀"});
    let expected = json!([
        ["all", "server-connected", "bolt", {}, true],
        ["all", "clicked", "pager", body, true],
        ["mine", "clicked", "pager", body, true],
        ["answered", "null", 0],
        ["all", "done", "pager", {}, true],
    ]);
    let sorted = |list: &Value| {
        let mut list: Vec<String> = list.as_array().unwrap().iter().map(Value::to_string).collect();
        list.sort();
        list
    };
    // The event and the publisher's answer may arrive in either order.
    assert_eq!(sorted(seen), sorted(&expected), "{report}");
}
