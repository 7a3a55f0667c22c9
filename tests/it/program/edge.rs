//! Checks before any route: host names, client addresses, connection limits, guessed secrets.

use std::net::{Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use harness::{App, AppDir, Gate, Gateway, Raw, Receiver, Reply, Setup, WAIT, each, until};
use serde_json::json;

const EVENT: &str = r#"{"app_id":"shop","client_id":"superapp","event_type":"x","payload":1}"#;

/// The answer to a request with this request line and `Host`.
fn asked(gateway: &Gateway, line: &str, headers: &str) -> (u16, String) {
    let mut raw = Raw::connect(gateway.address());
    let answer = raw.send(format!("{line}\r\n{headers}\r\n")).answer();
    (answer.status, answer.text())
}

#[test]
fn a_foreign_host_header_is_refused_except_by_livez() {
    let setup = Setup::new().set("server", "hosts", r#"["gate.internal", "*.apps.example"]"#);
    let gateway = setup.root("public_url", "\"https://hooks.example\"").app(App::new("superapp")).start();
    let paths = [
        "GET /readyz",
        "GET /healthz",
        "GET /metrics",
        "GET /openapi.json",
        "GET /api/v1/apps",
        "POST /api/v1/event-bridge/hostapp/",
        "POST /api/events/x",
        "OPTIONS /api/events/x",
        "GET /api/apps",
        "GET /api/v1/events/stream",
        "GET /api/v1/miniapps/shop/settings/",
        "GET /socket.io/?EIO=4&transport=polling",
        "GET /sdk/host.js",
        "GET /x/shop/",
        "GET /anything",
    ];
    each(paths, |path| {
        for evil in ["evil.example", "evil.example:4400", "127.0.0.1.evil.example", "10.0.0.1"] {
            let (status, text) = asked(&gateway, &format!("{path} HTTP/1.1"), &format!("Host: {evil}\r\n"));
            assert_eq!(status, 421, "{evil}: {text}");
            let name = evil.trim_end_matches(":4400");
            assert!(text.contains(name) && text.contains("[server] hosts"), "{text}");
        }
        for own in
            ["127.0.0.1", "localhost:1", "[::1]", "HOOKS.example:443", "gate.internal", "a.apps.example"]
        {
            let (status, text) = asked(&gateway, &format!("{path} HTTP/1.1"), &format!("Host: {own}\r\n"));
            assert_ne!(status, 421, "{own}: {text}");
        }
    });
    assert_eq!(asked(&gateway, "GET /livez HTTP/1.1", "Host: evil.example\r\n").0, 200);
    // With a request target in absolute form, the Host header is ignored.
    let absolute = |url: &str, host: &str| {
        asked(&gateway, &format!("GET {url} HTTP/1.1"), &format!("Host: {host}\r\n")).0
    };
    assert_eq!(absolute("http://evil.example/readyz", "localhost"), 421);
    assert_eq!(absolute("http://localhost/readyz", "evil.example"), 200);
    // HTTP/1.0 may omit the host, and no browser uses it. Routes that are open to this machine only require one.
    assert_eq!(asked(&gateway, "GET /readyz HTTP/1.0", "").0, 200);
    assert_eq!(asked(&gateway, "GET /metrics HTTP/1.0", "").0, 401);
    assert_eq!(asked(&gateway, "GET /metrics HTTP/1.0", "Host: localhost\r\n").0, 200);
}

#[test]
fn only_a_trusted_proxy_sets_the_client_address() {
    let server = "module.exports = (request, response) => response.end(JSON.stringify(request.headers));";
    let package = json!({"name": "mirror", "bolt": {"main": "server.js"}});
    for (trusted, visitor) in [(r#"["127.0.0.1"]"#, "192.0.2.7"), (r#"["10.0.0.0/8"]"#, "127.0.0.1")] {
        let app_dir = AppDir::new();
        let gateway = Setup::new().set("server", "trusted_proxies", trusted).starts_apps().start();
        gateway.apps().install(&app_dir.write("mirror", &package, &[("server.js", server)]));
        for name in ["X-Forwarded-For", "Forwarded"] {
            let value = if name == "Forwarded" { "for=6.6.6.6, for=192.0.2.7" } else { "6.6.6.6, 192.0.2.7" };
            let call = gateway.apps().visit("GET", "mirror", "/").header(name, value);
            let seen = call.send().expect(200).json();
            assert_eq!(seen["x-forwarded-for"], visitor, "{seen}");
            assert_eq!(seen["forwarded"], json!(null), "{seen}");
        }
        // A forwarded request does not count as coming from this machine.
        assert_eq!(gateway.call("GET", "/metrics").header("X-Forwarded-For", "127.0.0.1").send().status, 401);
        assert_eq!(gateway.get("/metrics").status, 200);
    }
}

#[test]
fn a_full_server_closes_the_oldest_idle_connection() {
    let gateway = Setup::new().set("server", "connections", "40").app(App::new("superapp")).start();
    let mut silent: Vec<Raw> = (0..40).map(|_| Raw::connect(gateway.address())).collect();
    let mut slow = Raw::connect(gateway.address());
    slow.send("GET /livez HTTP/1.1\r\nHo");
    until("room", WAIT, || gateway.bolt("superapp").post("x", "{}").status == 200);
    for n in 0..100 {
        gateway.bolt("superapp").publish("x", &json!({"body": n}));
        gateway.get("/livez").expect(200);
        gateway.get("/healthz").expect(200);
    }
    assert_eq!(silent[0].rest(), "", "the oldest one was closed");
}

#[test]
fn a_busy_full_server_answers_only_probes_and_administration() {
    let (receiver, gate) = (Receiver::start(), Gate::default());
    receiver.always(Reply::json("1").behind(&gate));
    let setup = Setup::new().set("server", "connections", "20").set("bridge", "timeout", "\"30s\"");
    let apps = setup.app(App::new("superapp")).app(App::new("shop").receiver(&receiver.url("/shop")));
    let gateway = apps.link("superapp", "shop").start();
    // A connection from the start may still be open for a moment. Then one of these is refused and sent again.
    let busy: Vec<_> = (0..20)
        .map(|_| {
            let call = gateway.host("superapp").call(EVENT);
            std::thread::spawn(move || {
                loop {
                    let answer = call.send();
                    if answer.status != 503 {
                        return answer;
                    }
                }
            })
        })
        .collect();
    receiver.wait(20);
    let refused = gateway.host("superapp").send(EVENT);
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("5")), "{}", refused.text());
    assert!(refused.text().contains("[server] connections"), "{}", refused.text());
    for path in ["/livez", "/readyz", "/healthz", "/metrics"] {
        gateway.get(path).expect(200);
    }
    assert!(gateway.admin().get("apps")["data"].is_array());
    gate.open();
    for answer in busy {
        answer.join().unwrap().expect(200);
    }
    gateway.host("superapp").send(EVENT).expect(200);
}

#[test]
fn idle_connections_are_counted_and_can_be_used_again() {
    let gateway = Setup::new().start();
    let mut raw = Raw::connect(gateway.address());
    let request = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";
    raw.send(request).answer().expect(200);
    // This connection and that of the metrics request.
    until("two connections", WAIT, || gateway.metric("footbridge_http_connections", "") == 2);
    // Twice the time after which an idle connection releases its buffers.
    assert!(raw.silent_for(Duration::from_secs(4)));
    raw.send(request).answer().expect(200);
    raw.send(request.repeat(3));
    for _ in 0..3 {
        raw.answer().expect(200);
    }
}

#[test]
fn a_bare_line_feed_is_refused_and_named() {
    let gateway = Setup::new().start();
    let heads = [
        "GET /livez HTTP/1.1\nHost: localhost\r\n\r\n",
        "GET /livez HTTP/1.1\r\nHost: localhost\nX-A: b\r\n\r\n",
        "GET /livez HTTP/1.1\r\nHost: localhost\r\n\n",
        "GET /livez HTTP/1.1\r\nHost: localhost\n\n",
    ];
    each(heads, |head| {
        let mut raw = Raw::connect(gateway.address());
        let answer = raw.send(*head).answer();
        assert_eq!(answer.status, 400);
        assert!(answer.text().contains("carriage return"), "{}", answer.text());
        assert_eq!(raw.send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").rest(), "");
    });
}

#[test]
fn a_slowly_dripping_body_is_cut_off_on_every_route() {
    let (app_dir, gateway) = (AppDir::new(), Setup::new().starts_apps().start());
    let server = "module.exports = (request, response) => { request.resume(); request.on('end', () => response.end()); };";
    let package = json!({"name": "sink", "bolt": {"main": "server.js"}});
    gateway.apps().install(&app_dir.write("sink", &package, &[("server.js", server)]));
    let admin =
        format!("Authorization: Bearer {}\r\nContent-Type: application/json\r\n", harness::ADMIN_TOKEN);
    let heads = [
        "POST /x/sink/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n".to_owned(),
        "POST /x/sink/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(),
        format!("POST /api/v1/apps HTTP/1.1\r\nHost: localhost\r\n{admin}Content-Length: 1000\r\n\r\n"),
    ];
    let begun = Instant::now();
    let mut dripping: Vec<Raw> = heads
        .iter()
        .map(|head| {
            let mut raw = Raw::connect(gateway.address());
            raw.send(head);
            raw
        })
        .collect();
    for (at, raw) in dripping.iter_mut().enumerate() {
        let drop = if at == 1 { "1\r\na\r\n" } else { " " };
        while raw.try_send(drop).is_ok() && raw.silent_for(Duration::from_millis(200)) {
            assert!(begun.elapsed() < Duration::from_mins(1), "{}", heads[at]);
        }
    }
    assert!(begun.elapsed() > Duration::from_secs(8), "it has its time");
}

#[test]
fn wrong_secrets_are_slowed_down_and_right_ones_accepted() {
    let gateway = Setup::new().app(App::new("superapp")).app(App::new("camera")).start();
    gateway.bolt("superapp").publish("x", &json!({}));
    let mut seen = [0; 2];
    for n in 0..120 {
        let answer = match n % 3 {
            0 => gateway.bolt_with(&format!("guess-{n}")).post("x", "{}"),
            1 => gateway
                .call("GET", "/api/v1/apps")
                .header("Authorization", format!("Bearer guess-{n}"))
                .send(),
            _ => gateway.call("GET", "/api/apps").header("Authorization", format!("Bearer guess-{n}")).send(),
        };
        match answer.status {
            401 => seen[0] += 1,
            429 => {
                assert!(
                    answer.header("retry-after").is_some() && answer.text().contains("too_many_attempts")
                );
                seen[1] += 1;
                break;
            }
            other => panic!("{other}: {}", answer.text()),
        }
        if n >= 50 {
            // The others at once: each is delayed.
            let many: Vec<_> = (0..20)
                .map(|m| gateway.bolt_with(&format!("more-{m}")).call("POST", "x", "{}").spawn())
                .collect();
            let refused = many.into_iter().map(|call| call.join().unwrap().unwrap());
            seen[1] += refused.filter(|answer| answer.status == 429).count();
            break;
        }
    }
    assert!(seen[0] >= 50 && seen[1] >= 1, "{seen:?}");
    let begun = Instant::now();
    gateway.bolt("superapp").publish("x", &json!({}));
    assert!(begun.elapsed() < Duration::from_secs(3), "a secret that was right before is never held up");
    // A secret that was never used from this address is delayed, then accepted.
    until("its turn", WAIT, || gateway.bolt("camera").post("x", "{}").status == 200);
    gateway.bolt("camera").publish("x", &json!({}));
}

#[test]
fn the_ipv6_loopback_address_is_accepted_too() {
    let gateway = Setup::new().start();
    let other = SocketAddr::new(Ipv6Addr::LOCALHOST.into(), gateway.address().port());
    if std::net::TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
        return;
    }
    assert!(std::net::TcpListener::bind(other).is_err(), "another program can pose as localhost");
    Raw::connect(other).send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").answer().expect(200);
}
