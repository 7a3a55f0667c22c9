//! Requests that go to an app's own port instead of the server: from other local programs and from web pages.

use std::net::SocketAddr;

use harness::{Call, each, until};
use serde_json::json;

use super::common::{LONG, publish, start_server};

fn at(context: &serde_json::Value) -> SocketAddr {
    let (host, port) = (context["host"].as_str().unwrap(), &context["port"]);
    format!("{host}:{port}").parse().unwrap()
}

#[test]
fn only_the_server_reaches_a_node_app() {
    let (app_dir, gateway) = start_server();
    gateway.apps().install(&app_dir.recorder("node", &json!({"hooks": {"pen/x": "hooks/x"}})));
    let context = gateway.apps().start("node");
    let before = app_dir.noted("node", "got").len();
    let forged = json!({"name": "app-starting", "publisher": "bolt", "body": {"appName": "node", "appToken": "forged-token"}});
    let rows: [&[(&str, &str)]; 6] = [
        &[],
        &[("Origin", "http://evil.example"), ("Content-Type", "text/plain")],
        &[("Footbridge-Run-Secret", "")],
        &[("Footbridge-Run-Secret", "fbs_forged")],
        &[("Footbridge-Caller", "pen"), ("Footbridge-Router", "it")],
        &[("Footbridge-Delivery-Id", "dlv_1"), ("X-Forwarded-For", "127.0.0.1")],
    ];
    each(rows, |headers| {
        for (method, path) in
            [("POST", "/hooks/starting"), ("POST", "/hooks/x"), ("GET", "/"), ("PUT", "/page")]
        {
            let answer = Call::new(at(&context), method, path).headers(headers).json(&forged).send();
            assert_eq!(answer.status, 403, "{method} {path}");
            assert!(answer.text().contains("/x/"), "{}", answer.text());
        }
    });
    assert_eq!(app_dir.noted("node", "got").len(), before);
    assert!(!json!(app_dir.notes()).to_string().contains("forged"));
    // Requests of the server arrive, without the header that authenticated them.
    publish(&gateway, "x", &json!(1));
    app_dir.wait_requests("node", "/hooks/x", 1);
    gateway.apps().page("node", "/page").expect(200);
    assert!(!json!(app_dir.notes()).to_string().contains("run-secret"), "{:?}", app_dir.noted("node", "got"));
}

#[test]
fn caller_headers_from_visitors_never_reach_a_router() {
    let (app_dir, gateway) = start_server();
    gateway.apps().install(&app_dir.sample("db"));
    let context = gateway.apps().start("db");
    let forged = Call::new(at(&context), "GET", "/api/db/where").header("Footbridge-Router", "api-db");
    assert_eq!(forged.header("Footbridge-Caller", "pen").send().status, 403);
}

#[test]
fn a_command_app_can_verify_that_a_request_comes_from_the_server() {
    let (app_dir, gateway) = start_server();
    let server = "const note = require('note');\n\
        require('http').createServer((request, response) => {\n\
          const genuine = request.headers['footbridge-run-secret'] === process.env.FOOTBRIDGE_RUN_SECRET;\n\
          note('got', { url: request.url, genuine }); request.resume(); response.end(String(genuine));\n\
        }).listen(process.env.PORT, '127.0.0.1');";
    let package = json!({"name": "own", "bolt": {"hooks": {"pen/x": "hooks/x"}}, "footbridge": {"command": ["node", "server.js"]}});
    gateway.apps().install(&app_dir.write("own", &package, &[("server.js", server)]));
    let context = gateway.apps().start("own");
    publish(&gateway, "x", &json!(1));
    until("the event", LONG, || app_dir.noted("own", "got").iter().any(|note| note["url"] == "/hooks/x"));
    assert_eq!(gateway.apps().page("own", "/page").expect(200).text(), "true");
    let claimed = gateway.apps().visit("GET", "own", "/page").header("Footbridge-Run-Secret", "mine").send();
    assert_eq!(claimed.expect(200).text(), "true");
    assert!(app_dir.noted("own", "got").iter().all(|note| note["genuine"] == true));
    assert_eq!(Call::new(at(&context), "GET", "/page").send().expect(200).text(), "false");
}

#[test]
fn a_router_identifies_a_caller_by_token_like_bolts_modules() {
    let (app_dir, gateway) = start_server();
    // Like `bolt-internal-checks`: looks up the token of the request in the map of all tokens.
    let code = "module.exports = (request, response) => {\n\
        const given = request.headers['x-bolt-app-token'];\n\
        if (given === undefined) return response.end(JSON.stringify({ code: 110 }));\n\
        const known = [...request.bolt.contextToAppTokenMap].find(([, token]) => token === given);\n\
        response.end(JSON.stringify(known ? { code: 0, name: known[0], given, all: [...request.bolt.contextToAppTokenMap] } : { code: 113 }));\n};";
    let package = json!({"name": "checks", "bolt": {"module": true, "routers": {"it": {"main": "router.js", "root": "/api/checks"}}}});
    gateway.apps().install(&app_dir.write("checks", &package, &[("router.js", code)]));
    gateway.apps().install(&app_dir.recorder("asks", &json!({})));
    gateway.apps().start("asks");
    let ask = |headers: &[(&str, &str)]| {
        gateway.call("GET", "/api/checks/who").headers(headers).send().expect(200).json()
    };
    assert_eq!(ask(&[])["code"], 110);
    assert_eq!(ask(&[("X-Bolt-App-Token", "made-up")])["code"], 113);
    let (pen, asks) = (gateway.setup().app_named("pen").token.clone(), app_dir.token("asks"));
    for (token, name) in [(&pen, "pen"), (&asks, "asks")] {
        let answer = ask(&[("X-Bolt-App-Token", token)]);
        assert_eq!((&answer["code"], &answer["name"]), (&json!(0), &json!(name)), "{answer}");
        for secret in [&pen, &asks] {
            assert!(
                !answer.to_string().contains(secret.as_str()),
                "a router got the token of another app: {answer}"
            );
        }
        // The placeholder of a token is not valid as a token.
        let shown = answer["given"].as_str().unwrap();
        assert_eq!(gateway.bolt_with(shown).post("x", "{}").status, 401);
        assert_eq!(ask(&[("X-Bolt-App-Token", shown)])["code"], 113);
    }
}
