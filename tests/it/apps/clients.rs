//! Third-party npm packages, unchanged: Bolt's client and two versions of Express.

use harness::{Receiver, WAIT, until};
use serde_json::{Value, json};

use super::common::{hooks, setup, start_server};

/// Publishes and subscribes, or with `unsub` unsubscribes, with Bolt's own package, and prints the answers.
const CLIENT: &str = r"
    process.env.BOLT_ADDRESS = process.argv[2];
    const [token, route, part] = process.argv.slice(3);
    const { Events } = require('bolt-internal-utils');
    const call = (act, ...rest) => new Promise((resolve) => Events[act](...rest, (error, answer) =>
      resolve({ error: error ? error.status || String(error) : null, status: answer && answer.status, body: answer && answer.body })));
    (async () => {
      const seen = {};
      if (part === 'unsub') {
        seen.unsub = await call('unsub', 'Pen\\Photo-Saved', token);
        seen.again = await call('unsub', 'pen/photo-saved', token);
        seen.wrong = await call('fire', 'x', {}, 'made-up');
        console.log(JSON.stringify(seen));
        return;
      }
      seen.sub = await call('sub', '/Pen/Photo-Saved', { route, type: 'web' }, token);
      seen.star = await call('sub', '*', { route: route + '/star', type: 'web' }, token);
      seen.fire = await call('fire', 'Photo-Saved', { body: { photo: 1 }, headers: { 'X-Bolt-User-Name': 'ada' } }, token);
      seen.narrow = await call('fire', 'photo-saved', { body: 0, subscribers: ['PEN'] }, token);
      console.log(JSON.stringify(seen));
    })();";

#[test]
fn bolts_own_client_package_works_unchanged() {
    let receiver = Receiver::start();
    let (app_dir, gateway) = start_server();
    let token = gateway.setup().app_named("pen").token.clone();
    let client = |part: &str| {
        let seen = app_dir.node(CLIENT, &[&gateway.url(""), &token, &receiver.url("/web"), part]);
        for act in seen.as_object().unwrap().keys().filter(|act| *act != "wrong") {
            assert_eq!(
                (&seen[act]["error"], &seen[act]["body"]["code"]),
                (&Value::Null, &json!(0)),
                "{act}: {seen}"
            );
        }
        seen
    };
    let seen = client("sub");
    assert_eq!(seen["sub"]["body"]["body"]["event"], "photo-saved", "{seen}");
    assert_eq!(seen["fire"]["body"]["body"]["deliveries"], 2, "{seen}");
    assert_eq!(seen["narrow"]["body"]["code"], 0, "{seen}");
    let got = receiver.wait_at("/web", 2);
    let bodies: Vec<Value> = got.iter().map(|got| got.json()["body"].clone()).collect();
    assert!(bodies.contains(&json!({"photo": 1})) && bodies.contains(&json!(0)), "{bodies:?}");
    assert!(got.iter().any(|got| got.header("x-bolt-user-name") == Some("ada")));
    receiver.wait_at("/web/star", 2);
    // Not earlier: a deleted hook cancels its pending deliveries.
    let seen = client("unsub");
    assert_eq!(seen["unsub"]["body"]["body"].as_array().unwrap().len(), 1, "{seen}");
    assert_eq!(seen["again"]["body"]["body"], json!([]), "{seen}");
    assert_eq!(seen["wrong"]["body"]["code"], 113, "{seen}");
    assert_eq!(hooks(&gateway, "pen").len(), 1);
}

#[test]
fn express_4_and_5_apps_run_side_by_side() {
    let (app_dir, gateway) = (harness::AppDir::new(), setup().start());
    for major in ["4", "5"] {
        let name = format!("express-{major}");
        let server = "const express = require('express');\nconst app = express();\n\
            app.get('/version', (request, response) => response.json({ version: require('express/package.json').version, \
              base: request.baseUrl, host: request.hostname, secure: request.secure, ips: request.ips }));\n\
            app.get('/late', async () => { throw new Error('async trouble'); });\n\
            app.use((error, request, response, next) => response.status(500).send('handled ' + error.message));\n\
            app.set('trust proxy', 'loopback');\nmodule.exports = app;";
        let package =
            json!({"name": name, "dependencies": {"express": major}, "bolt": {"main": "server.js"}});
        gateway.apps().install(&app_dir.write(&name, &package, &[("server.js", server)]));
        let saw = gateway.apps().page(&name, "/version").expect(200).json();
        assert!(saw["version"].as_str().unwrap().starts_with(&format!("{major}.")), "{saw}");
        assert_eq!(saw["base"], "", "{saw}");
        assert_eq!((&saw["host"], &saw["ips"]), (&json!("127.0.0.1"), &json!(["127.0.0.1"])), "{saw}");
    }
    let late = gateway.apps().page("express-5", "/late");
    assert_eq!((late.status, late.text().as_str()), (500, "handled async trouble"));
    // Express 4 does not catch this error and Node ends the process. The next request starts the app again.
    let dropped = gateway.apps().visit("GET", "express-4", "/late").spawn();
    let dropped = dropped.join().unwrap();
    assert!(dropped.is_err() || dropped.is_ok_and(|answer| answer.status == 502));
    until("the app again", WAIT, || gateway.apps().page("express-4", "/version").status == 200);
    assert!(gateway.apps().output("express-4").join("\n").contains("async trouble"));
}
