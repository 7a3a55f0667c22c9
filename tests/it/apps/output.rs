//! Output of apps: stored, bounded, readable and followable.

use std::fs;
use std::time::{Duration, Instant};

use harness::{ADMIN_TOKEN, AppDir, Raw, WAIT, assert_bolt_error, until};
use serde_json::{Value, json};

use super::common::{LONG, publish, start_server};

fn talker(app_dir: &AppDir, name: &str, more: &str) -> std::path::PathBuf {
    let server = format!(
        "console.log('first line of {name}');\nconsole.error('a warning');\n{more}\n\
         module.exports = (request, response) => {{ console.log('asked for ' + request.url); response.end(); }};"
    );
    let package = json!({"name": name, "bolt": {"main": "server.js"}});
    app_dir.write(name, &package, &[("server.js", &server)])
}

#[test]
fn output_lines_are_stored_with_stream_and_number() {
    let (app_dir, gateway) = start_server();
    gateway.apps().install(&talker(
        &app_dir,
        "talker",
        "process.stdout.write('half a line');\nprocess.stdout.write(Buffer.from([0x62, 0xff, 0x0a]));",
    ));
    gateway.apps().start("talker");
    gateway.apps().page("talker", "/page?x=1").expect(200);
    until("its lines", WAIT, || {
        gateway.apps().output("talker").contains(&"out: asked for /page?x=1".to_owned())
    });
    let lines = gateway.apps().output("talker");
    for line in ["out: first line of talker", "err: a warning", "out: half a lineb\u{fffd}"] {
        assert!(lines.contains(&line.to_owned()), "{line:?} is not in {lines:#?}");
    }
    assert!(lines.iter().any(|line| line.starts_with("server: ")), "{lines:#?}");
    let page = |tail: &str| {
        gateway.apps().call("GET", &format!("/talker/logs{tail}")).send().expect(200).json()["body"].clone()
    };
    let whole = page("");
    let numbers: Vec<u64> =
        whole["lines"].as_array().unwrap().iter().map(|line| line["number"].as_u64().unwrap()).collect();
    assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "{numbers:?}");
    assert!(
        whole["lines"]
            .as_array()
            .unwrap()
            .iter()
            .all(|line| { line["at"].as_str().is_some_and(harness::is_iso_millis) }),
        "{whole}"
    );
    let first = page("?after=0&limit=2");
    assert_eq!(first["lines"].as_array().unwrap().len(), 2, "{first}");
    let next = page(&format!("?after={}&limit=1000", first["next"]));
    assert_eq!(next["lines"][0]["number"], numbers[2], "{next}");
    assert_bolt_error(&gateway.apps().bare("GET", "/talker/logs").send(), 401, 110);
    gateway.apps().uninstall("talker");
    assert_bolt_error(&gateway.apps().call("GET", "/talker/logs").send(), 404, 403);
}

#[test]
fn output_can_be_followed() {
    let (app_dir, gateway) = start_server();
    gateway.apps().install(&talker(&app_dir, "talker", ""));
    gateway.apps().start("talker");
    let mut stream = Raw::connect(gateway.address());
    stream.send(format!(
        "GET /api/apps/talker/logs?follow=true&after=0 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {ADMIN_TOKEN}\r\n\r\n"
    ));
    let seen = stream.until("first line of talker");
    assert!(seen.starts_with("HTTP/1.1 200"), "{seen}");
    gateway.apps().page("talker", "/later").expect(200);
    let line = stream.until("asked for /later\"}");
    let object = line.lines().find(|line| line.contains("asked for /later")).unwrap();
    let object: Value =
        serde_json::from_str(object.trim()).unwrap_or_else(|error| panic!("{error}: {object:?}"));
    assert_eq!((&object["stream"], &object["text"]), (&json!("out"), &json!("asked for /later")));
    gateway.apps().uninstall("talker");
    stream.until("0\r\n\r\n");
}

fn memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<u64>().unwrap() / 1024
}

#[test]
fn a_gigabyte_of_output_does_not_slow_other_apps() {
    let (app_dir, gateway) = start_server();
    // One app prints a gigabyte and notes the end. The other prints without line ends.
    let listen = "require('http').createServer((q, s) => s.end()).listen(process.env.PORT, '127.0.0.1');";
    let run = "node listen.js &\nyes 'a line that says nothing, over and over and over again' | head -c 1000000000\n\
               echo '{\"app\":\"loud\",\"what\":\"printed\"}' >> ../notes.jsonl\nwait\n";
    let loud = json!({"name": "loud", "footbridge": {"command": ["sh", "run.sh"]}});
    gateway.apps().install(&app_dir.write("loud", &loud, &[("run.sh", run), ("listen.js", listen)]));
    let package = json!({"name": "endless", "bolt": {"main": "server.js", "hooks": {"x": "x"}}});
    let server = "const part = 'x'.repeat(1 << 20);\nfor (let n = 0; n < 8; n += 1) process.stdout.write(part);\n\
                  module.exports = require('./recorder.js');";
    let recorder = include_str!("../../apps/recorder/server.js");
    gateway.apps().install(&app_dir.write(
        "endless",
        &package,
        &[("server.js", server), ("recorder.js", recorder)],
    ));
    let before = memory(gateway.pid());
    gateway.apps().start("loud");
    gateway.apps().start("endless");
    let mut times = Vec::new();
    let begun = Instant::now();
    while app_dir.noted("loud", "printed").is_empty() || times.len() < 20 {
        let sent = Instant::now();
        publish(&gateway, "x", &json!(times.len()));
        app_dir.wait_requests("endless", "/x", times.len() + 1);
        times.push(sent.elapsed());
        assert!(begun.elapsed() < Duration::from_secs(150), "the app still prints");
    }
    times.sort();
    let (median, worst) = (times[times.len() / 2], times[times.len() - 1]);
    assert!(median < Duration::from_secs(3) && worst < Duration::from_secs(20), "{median:?}, {worst:?}");
    let grown = memory(gateway.pid()).saturating_sub(before);
    assert!(grown < 64, "the server grew by {grown} MiB");
    let lines = gateway.apps().output("loud");
    let stored: usize = lines.iter().map(String::len).sum();
    assert!(stored < 4 << 20, "{stored} bytes");
    // A line of the server marks the place where output was dropped, with its size.
    until("the line that reports dropped output", LONG, || {
        let lines = gateway.apps().output("loud");
        lines.iter().any(|line| line.starts_with("server: ") && line.contains("dropped"))
    });
    let long = gateway.apps().output("endless").iter().map(String::len).max().unwrap_or(0);
    assert!((1000..64 << 10).contains(&long), "a line of {long} bytes");
    gateway.apps().stop("loud");
}

#[test]
fn what_an_app_prints_is_not_in_the_servers_log() {
    let (app_dir, gateway) = start_server();
    gateway.apps().install(&talker(&app_dir, "talker", "console.log('card number 4111-2222');"));
    gateway.apps().start("talker");
    until("the line", WAIT, || {
        gateway.apps().output("talker").contains(&"out: card number 4111-2222".to_owned())
    });
    assert!(!gateway.stderr().contains("4111-2222") && !gateway.stdout().contains("4111-2222"));
}
