//! Pages of apps at `/x/<app>/…`: how requests and responses pass between visitors and apps.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use harness::{AppDir, Gateway, Raw, WAIT, each, until};
use serde_json::{Value, json};

use super::common::{setup, start_server};

/// The request as seen by the app.
#[track_caller]
fn seen(answer: &harness::Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

#[test]
fn pages_of_old_and_new_express_are_served_below_the_name_of_the_app() {
    let (app_dir, gateway) = start_server();
    for name in ["chat", "camera", "weather"] {
        gateway.apps().install(&app_dir.sample(name));
    }
    let home = gateway.apps().page("chat", "/home").expect(200);
    assert!(home.text().contains("<h1>Staff chat</h1>"));
    assert!(home.header("content-type").unwrap().starts_with("text/html"));
    // Express's file headers pass unchanged: validators, ranges, conditional requests.
    let tag = home.header("etag").unwrap().to_owned();
    let again = gateway.apps().visit("GET", "chat", "/home").header("If-None-Match", &tag).send();
    assert_eq!((again.status, again.body.len()), (304, 0));
    let part = gateway.apps().visit("GET", "chat", "/home").header("Range", "bytes=0-14").send();
    assert_eq!((part.status, part.text().as_str()), (206, "<!doctype html>"));
    let moved = gateway.apps().page("chat", "/");
    assert_eq!((moved.status, moved.header("location")), (302, Some("home")));
    let head = gateway.apps().visit("HEAD", "chat", "/home").send().expect(200);
    assert_eq!(head.header("content-length").unwrap(), home.body.len().to_string());
    assert!(gateway.apps().page("camera", "/").expect(200).text().contains("action=\"/x/camera/snap\""));
    assert_eq!(gateway.apps().page("weather", "/now").expect(200).json(), json!({"weather": "rain"}));
    assert_eq!(gateway.apps().page("chat", "/no-such-page").status, 404);
    assert_eq!(gateway.apps().page("nobody", "/").status, 404);
    // The first request started each app.
    for name in ["chat", "camera", "weather"] {
        assert_eq!(app_dir.noted(name, "boot").len(), 1, "{name}");
    }
}

#[test]
fn the_path_without_a_slash_redirects_to_the_one_with_it() {
    let (app_dir, gateway) = start_server();
    gateway.apps().install(&app_dir.recorder("page", &json!({})));
    let rows = [("", "/x/page/"), ("?a=b&c=%20", "/x/page/?a=b&c=%20")];
    each(rows, |(tail, location)| {
        let answer = gateway.apps().page("page", tail);
        assert_eq!(answer.status, 308, "{}", answer.text());
        let to = answer.header("location").unwrap();
        assert_eq!(to.strip_prefix(&gateway.url("")).unwrap_or(to), *location);
    });
}

#[test]
fn path_query_method_and_body_arrive_unchanged() {
    let (app_dir, gateway) = start_server();
    gateway.apps().install(&app_dir.recorder("exact", &json!({})));
    let paths = [
        "/",
        "/a/b?c=d&e",
        "/%2e%2E/b%2Fc/%C3%A9?x=%20+&y=%",
        "//double//slash/",
        "/a/../b/./c",
        "/x/exact/again",
        "/semi;colon=1/'quote'/(round)/[square]|bar",
        "/?",
        "/?q=/x/other/",
    ];
    each(paths, |path| {
        for method in ["GET", "DELETE", "OPTIONS", "REPORT"] {
            let answer = seen(&gateway.apps().visit(method, "exact", path).send());
            assert_eq!((&answer["url"], &answer["method"]), (&json!(path), &json!(method)));
        }
    });
    let text = "{\"a\": [1, 2.50, \"\\u00e9\"]}";
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        gateway.apps().visit(method, "exact", "/body").body(text).send().expect(200);
    }
    let got = app_dir.requests("exact", "/body");
    assert_eq!(got.len(), 4);
    assert!(got.iter().all(|body| *body == serde_json::from_str::<Value>(text).unwrap()));
    let mut chunked = Raw::connect(gateway.address());
    chunked.send("POST /x/exact/chunked HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n\"ab\r\n2\r\nc\"\r\n0\r\n\r\n");
    assert_eq!(chunked.answer().status, 200);
    assert_eq!(app_dir.requests("exact", "/chunked"), [json!("abc")]);
    let mut old = Raw::connect(gateway.address());
    old.send("GET /x/exact/old HTTP/1.0\r\n\r\n");
    assert_eq!(old.answer().json()["url"], "/old");
    let mut expecting = Raw::connect(gateway.address());
    expecting
        .send("POST /x/exact/later HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n");
    expecting.send("7");
    assert_eq!(expecting.answer().status, 200);
}

#[test]
fn reserved_headers_are_set_by_the_server_only() {
    let (app_dir, gateway) = start_server();
    gateway.apps().install(&app_dir.recorder("guarded", &json!({})));
    let answer = gateway
        .apps()
        .visit("GET", "guarded", "/page")
        .header("X-Bolt-App-Token", "forged-token")
        .header("x-bolt-USER-name", "forged-admin")
        .header("Webhook-Id", "forged-id")
        .header("webhook-signature", "forged-signature")
        .header("Footbridge-Delivery-Id", "forged-delivery")
        .header("Footbridge-Router", "forged-router")
        .header("X-Forwarded-For", "6.6.6.6")
        .header("X-Forwarded-Prefix", "/forged")
        .header("X-Forwarded-Host", "forged.example")
        .header("X-Forwarded-Proto", "https-forged")
        .header("X-Forwarded-User", "forged-user")
        .header("Forwarded", "for=6.6.6.6")
        .header("Connection", "keep-alive, X-Hop")
        .header("X-Hop", "forged-hop")
        .header("Keep-Alive", "timeout=5")
        .header("Proxy-Authorization", "forged-proxy")
        .header("TE", "trailers")
        .header("Cookie", "session=abc; other=1")
        .header("Authorization", "Bearer of-the-app")
        .header("X-Own", "passes")
        .send();
    let saw = seen(&answer);
    let headers = &saw["headers"];
    assert!(!saw.to_string().contains("forged"), "{saw}");
    assert_eq!(headers["x-forwarded-prefix"], "/x/guarded");
    assert_eq!(headers["x-forwarded-for"], "127.0.0.1");
    assert_eq!(headers["x-forwarded-proto"], "http");
    assert_eq!(headers["x-forwarded-host"], gateway.address().to_string());
    assert_eq!(headers["cookie"], "session=abc; other=1");
    assert_eq!(headers["authorization"], "Bearer of-the-app");
    assert_eq!(headers["x-own"], "passes");
    assert_eq!(answer.header("x-app"), Some("guarded"));
}

#[test]
fn a_hook_path_is_reachable_by_the_server_only() {
    let (app_dir, gateway) = start_server();
    let bolt = json!({"hooks": {"x": "hooks/secret", "y": "/Mixed/Case", "z": "with?query=1"}});
    gateway.apps().install(&app_dir.recorder("hooked", &bolt));
    gateway.apps().start("hooked");
    let tricks = [
        "/hooks/secret",
        "/hooks/secret/",
        "/hooks/secret?x=1",
        "//hooks/secret",
        "/hooks//secret",
        "/./hooks/secret",
        "/hooks/./secret",
        "/a/../hooks/secret",
        "/hooks/%73ecret",
        "/%68ooks/secret",
        "/hooks%2Fsecret",
        "/hooks%2fsecret",
        "/%2e/hooks/secret",
        "/a/%2e%2e/hooks/secret",
        "/HOOKS/Secret",
        "/mixed/case",
        "/hooks/starting",
        "/with",
        "/with?query=1",
        "/hooks/secret/deeper",
        "/hooks/secret/deeper/still",
        "/hooks%2Fsecret%2Fdeeper",
        "/hooks/secret%2F..%2F..%2Fopen",
        "/hooks/secret/../open",
        "/hooks/secret;x=1",
        "/hooks/secret;x=1/deeper",
        "/hooks;x/secret",
        "/a/..;/hooks/secret",
        "/hooks/secret%3Bx",
        "/hooks/secret%00",
        "/hooks/secret%00.png",
        "/hooks/secret%20",
        "/hooks/%20secret",
        "/hooks/secret%0a",
        "/hooks/secret.",
        "/hooks/secret.json",
        "/hooks/secret%3Fx",
        "/hooks/secret%23x",
        "/hooks/secret%5Cdeeper",
        "/hooks%c0%afsecret",
    ];
    each(tricks, |path| {
        for method in ["POST", "PUT", "DELETE"] {
            let answer = gateway.apps().visit(method, "hooked", path).json(&json!({"forged": true})).send();
            assert_eq!(answer.status, 404, "{method} {path}");
        }
    });
    assert!(!json!(app_dir.notes()).to_string().contains("forged"), "{:?}", app_dir.noted("hooked", "got"));
    gateway.apps().visit("POST", "hooked", "/hooks").json(&json!({})).send().expect(200);
    for path in ["/hooks/secrets", "/hooks/secret-2", "/hooks/other/secret", "/secret", "/open"] {
        gateway.apps().visit("POST", "hooked", path).json(&json!({})).send().expect(200);
    }
    gateway.apps().visit("GET", "hooked", "/hooks/secret").send().expect(200);
    gateway.apps().visit("GET", "hooked", "/hooks/secret/deeper").send().expect(200);
}

/// Creates an app that streams and notes the requests that end early.
fn streamer(app_dir: &AppDir) -> PathBuf {
    let server = r"
        const crypto = require('crypto');
        const note = require('note');
        let stream;
        module.exports = (request, response) => {
          response.on('close', () => note('closed', { url: request.url, whole: response.writableFinished }));
          if (request.url === '/frames') {
            response.writeHead(200, { 'content-type': 'text/event-stream' });
            response.write('data: frame 1\n\n');
            stream = { response, frame: 1 };
          } else if (request.url === '/more') {
            stream.response.write(`data: frame ${(stream.frame += 1)}\n\n`);
            response.end();
          } else if (request.url === '/endless') {
            const part = Buffer.alloc(1 << 16, 'x');
            let sent = 0;
            const more = () => {
              while (!response.destroyed && response.write(part)) sent += part.length;
              note('sent', { sent });
            };
            response.on('drain', more);
            more();
          } else {
            const hash = crypto.createHash('sha256');
            let length = 0;
            request.on('data', (part) => { length += part.length; hash.update(part); });
            request.on('end', () => response.end(JSON.stringify({ length, hash: hash.digest('hex') })));
          }
        };";
    app_dir.write(
        "streamer",
        &json!({"name": "streamer", "bolt": {"main": "server.js"}}),
        &[("server.js", server)],
    )
}

#[test]
fn streamed_frames_arrive_one_by_one_and_a_disconnect_is_noticed() {
    let (app_dir, gateway) = start_server();
    gateway.apps().install(&streamer(&app_dir));
    gateway.apps().start("streamer");
    let mut stream = Raw::connect(gateway.address());
    stream.send("GET /x/streamer/frames HTTP/1.1\r\nHost: localhost\r\n\r\n");
    // The app writes the next frame only after the previous one has arrived.
    stream.until("data: frame 1\n\n");
    for n in 2..=5 {
        gateway.apps().page("streamer", "/more").expect(200);
        stream.until(&format!("data: frame {n}\n\n"));
    }
    let mut leaving = Raw::connect(gateway.address());
    leaving.send("GET /x/streamer/frames HTTP/1.1\r\nHost: localhost\r\n\r\n");
    leaving.until("data: frame 1\n\n");
    drop(leaving);
    until("the end that the app sees", WAIT, || {
        app_dir.noted("streamer", "closed").iter().any(|note| note["whole"] == false)
    });
}

fn memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<u64>().unwrap() / 1024
}

#[test]
fn large_bodies_stream_and_a_slow_reader_slows_the_app() {
    const LARGE: usize = 64 << 20;
    let (app_dir, mut gateway) = start_server();
    gateway.apps().install(&streamer(&app_dir));
    gateway.apps().start("streamer");
    let before = memory(gateway.pid());
    let body = b"0123456789abcde\n".repeat(LARGE / 16);
    let answer = gateway.apps().visit("POST", "streamer", "/hash").body(&body).send().expect(200).json();
    assert_eq!(answer["length"], LARGE);
    let grown = memory(gateway.pid()).saturating_sub(before);
    assert!(grown < 24, "the server grew by {grown} MiB while {} MiB went through", LARGE >> 20);
    // The client does not read, so the app is blocked before it has sent much.
    let mut lazy = Raw::connect(gateway.address());
    lazy.send("GET /x/streamer/endless HTTP/1.1\r\nHost: localhost\r\n\r\n");
    app_dir.wait("streamer", "sent", 1);
    let mut last = u64::MAX;
    until("the app to be held back", WAIT, || {
        let sent = app_dir.noted("streamer", "sent").last().unwrap()["sent"].as_u64().unwrap();
        harness::pause(Duration::from_millis(200));
        std::mem::replace(&mut last, sent) == sent
    });
    assert!(last < 64 << 20, "{last} bytes went towards somebody who does not read");
    assert!(memory(gateway.pid()).saturating_sub(before) < 32);
    drop(lazy);
    gateway.assert_healthy();
}

#[test]
fn a_response_cut_off_by_the_app_is_reported() {
    let (app_dir, mut gateway) = start_server();
    let server = "module.exports = (request, response) => {\n\
          if (request.url === '/reset') request.socket.destroy();\n\
          else { response.writeHead(200, { 'content-length': '100' }); response.write('part'); \
            setTimeout(() => request.socket.destroy(), 50); }\n\
        };";
    let package = json!({"name": "rude", "bolt": {"main": "server.js"}});
    gateway.apps().install(&app_dir.write("rude", &package, &[("server.js", server)]));
    let answer = gateway.apps().page("rude", "/reset");
    assert_eq!(answer.status, 502, "{}", answer.text());
    // A body that ends early ends the connection early, so that the client can tell.
    assert!(gateway.apps().visit("GET", "rude", "/short").try_send().is_err());
    gateway.assert_healthy();
}

#[test]
fn apps_are_routed_by_name_and_never_serve_the_servers_pages() {
    let (app_dir, gateway) = start_server();
    gateway.apps().install(&app_dir.recorder("one", &json!({})));
    gateway.apps().install(&app_dir.recorder("one.two", &json!({})));
    assert_eq!(gateway.apps().page("one", "/a").header("x-app"), Some("one"));
    assert_eq!(gateway.apps().page("one.two", "/a").header("x-app"), Some("one.two"));
    assert_eq!(gateway.apps().page("ONE", "/a").header("x-app"), Some("one"));
    for path in ["/x", "/x/", "/x//a", "/x/one%2Ftwo/a", "/x/../api/apps", "/x/one/../../api/apps"] {
        let answer = gateway.get(path);
        assert!(answer.status == 404 || answer.header("x-app") == Some("one"), "{path}: {}", answer.status);
        assert!(!answer.text().contains("\"code\":0"), "{path}: {}", answer.text());
    }
}

#[test]
fn an_app_of_the_file_has_no_pages() {
    let gateway: Gateway = setup().start();
    assert_eq!(gateway.apps().page("pen", "/").status, 404);
}
