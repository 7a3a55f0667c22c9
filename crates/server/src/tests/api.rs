use super::app::{App, OK};
use super::kit::{ADMIN, OTHER, Server, package, run};
use footbridge_api::{BoltApp, BoltContext, Installed, LogPage};
use footbridge_engine::Launcher as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

#[test]
fn who_may_do_what() {
    run(async {
        let server = Server::start().await;
        let app = App::answering(OK).await;
        server.install(package("shop"), app.address).await;
        let install = r#"{"path":"/apps/shop"}"#;
        let named = r#"{"name":"shop"}"#;
        let calls = [
            ("GET /api/apps", "", true),
            ("GET /api/apps/@live", "", true),
            ("GET /api/apps/shop", "", true),
            ("GET /api/apps/shop/logs", "", false),
            ("POST /api/apps/local", install, false),
            ("POST /api/apps/start", named, false),
            ("POST /api/apps/stop", named, false),
            ("DELETE /api/apps/shop", "", false),
        ];
        assert_eq!(described(), calls.len(), "each call of the description is tried here");
        for (line, body, reads) in calls {
            server.ask(line, "", body).await.refused(401, 110);
            server.ask(line, "x-bolt-app-token: no\r\n", body).await.refused(401, 113);
            server.ask(line, "authorization: Bearer no\r\n", body).await.refused(401, 113);
            let both = format!("authorization: Bearer no\r\n{OTHER}");
            server.ask(line, &both, body).await.refused(401, 113);
            let answer = server.ask(line, OTHER, body).await;
            if reads {
                answer.bolt();
            } else {
                answer.refused(403, 337);
            }
        }
        assert!(server.engine.running_apps().is_empty());
        for line in ["GET /api/apps/x/y", "PUT /api/apps/shop", "POST /api/apps"] {
            server.ask(line, ADMIN, "").await.refused(404, 103);
        }
    });
}

/// Checks that an answer has exactly the members of the type that describes it.
#[track_caller]
fn documented<T: DeserializeOwned + Serialize>(answer: &Value) {
    let read: T = serde_json::from_value(answer.clone()).unwrap();
    assert_eq!(serde_json::to_value(read).unwrap(), *answer);
}

/// How many operations of the API of apps the description has.
fn described() -> usize {
    let description: Value = serde_json::from_str(&crate::admin::description().unwrap()).unwrap();
    let paths = description["paths"].as_object().unwrap().iter();
    let ours = paths.filter(|(path, _)| path.starts_with("/api/apps"));
    ours.map(|(_, item)| item.as_object().unwrap().len()).sum()
}

#[test]
fn the_life_of_an_app() {
    run(async {
        let server = Server::start().await;
        let app = App::answering(OK).await;
        let path = r#"{"path":"/apps/shop"}"#;
        assert!(
            server.ask("POST /api/apps/local", ADMIN, path).await.refused(400, 418).contains("/apps/shop")
        );
        server.install(package("shop"), app.address).await;
        server.ask("POST /api/apps/local", ADMIN, path).await.refused(409, 401);
        let again = r#"{"path":"/apps/shop","replace":true}"#;
        let made = server.ask("POST /api/apps/local", ADMIN, again).await.bolt();
        documented::<Installed>(&made);
        assert_eq!((&made["replaced"], &made["warnings"][0]), (&json!(true), &json!("mind this")));
        assert!(made["warnings"][1].as_str().unwrap().contains("no app is called `camera`"), "{made}");
        assert_eq!(
            (&made["hooks"][0]["route"], &made["hooks"][0]["transient"]),
            (&json!("hooks/photo"), &json!(false))
        );
        assert_eq!(
            (&made["version"], &made["main"], &made["running"]),
            (&json!("1.2.3"), &json!("server.js"), &json!(false))
        );
        let context = server.ask("POST /api/apps/start", ADMIN, r#"{"name":"Shop"}"#).await.bolt();
        documented::<BoltContext>(&context);
        assert_eq!((&context["name"], &context["port"]), (&json!("shop"), &json!(app.address.port())));
        assert_eq!(
            (&context["pid"], &context["path"], &context["host"]),
            (&json!(4711), &json!("/apps/shop"), &json!("127.0.0.1"))
        );
        assert_eq!((&context["app"]["name"], &context["protocol"]), (&json!("shop"), &json!("http")));
        let live = server.ask("GET /api/apps/@live", OTHER, "").await.bolt();
        assert_eq!(live, Value::Array(vec![context.clone()]));
        let shown = server.ask("GET /api/apps/shop", ADMIN, "").await.bolt();
        assert_eq!((&shown["running"], shown["hooks"].as_array().map(Vec::len)), (&json!(true), Some(1)));
        assert!(server.ask("GET /api/apps/shop", OTHER, "").await.bolt().get("hooks").is_none());
        documented::<BoltApp>(&shown);
        let all = server.ask("GET /api/apps", OTHER, "").await.bolt();
        documented::<Vec<BoltApp>>(&all);
        let listed: Vec<_> =
            all.as_array().unwrap().iter().map(|app| (&app["name"], &app["installed"])).collect();
        assert_eq!(listed, [(&json!("other"), &json!(false)), (&json!("shop"), &json!(true))]);
        assert_eq!(server.ask("POST /api/apps/stop", ADMIN, r#"{"name":"shop"}"#).await.bolt()["pid"], 4711);
        server.ask("POST /api/apps/stop", ADMIN, r#"{"name":"shop"}"#).await.refused(409, 420);
        server.ask("DELETE /api/apps/shop", ADMIN, "").await.bolt();
        server.ask("DELETE /api/apps/shop", ADMIN, "").await.refused(404, 403);
        server.ask("GET /api/apps/shop", ADMIN, "").await.refused(404, 403);
        server.ask("POST /api/apps/start", ADMIN, r#"{"name":"shop"}"#).await.refused(404, 403);
        server.ask("POST /api/apps/start", ADMIN, r#"{"name":"other"}"#).await.refused(409, 421);
        server.ask("DELETE /api/apps/other", ADMIN, "").await.refused(409, 421);
    });
}

#[test]
fn requests_that_are_wrong() {
    run(async {
        let server = Server::start().await;
        for (line, body, status, code) in [
            ("POST /api/apps/local", "", 400, 410),
            ("POST /api/apps/local", "[]", 400, 143),
            ("POST /api/apps/local", r#"{"path":1}"#, 400, 143),
            ("POST /api/apps/local", r#"{"path":"/a","path":"/b"}"#, 400, 143),
            ("POST /api/apps/start", "{}", 400, 400),
            ("POST /api/apps/stop", "{", 400, 143),
            ("GET /api/apps/other/logs?limit=x", "", 400, 143),
            ("GET /api/apps/other/logs", "", 409, 421),
            ("GET /api/apps/none/logs", "", 404, 403),
        ] {
            server.ask(line, ADMIN, body).await.refused(status, code);
        }
        let large = format!("{{\"path\":\"{}\"}}", "x".repeat(5000));
        server.ask("POST /api/apps/local", ADMIN, &large).await.refused(413, 144);
    });
}

#[test]
fn a_failed_start_says_why() {
    run(async {
        let server = Server::start().await;
        server.put(package("shop"));
        server.engine.install("/apps/shop".into(), false).await.unwrap();
        let answer = server.ask("POST /api/apps/start", ADMIN, r#"{"name":"shop"}"#).await;
        assert!(answer.refused(502, 425).contains("exit code 1"));
        assert_eq!(answer.header("retry-after"), Some("3"));
    });
}

#[test]
fn lines_are_given_in_parts_and_followed() {
    run(async {
        let server = Server::start().await;
        server.put(package("shop"));
        server.engine.install("/apps/shop".into(), false).await.unwrap();
        for text in ["one", "two", "three \"<"] {
            server.launcher.write(text);
        }
        let part = server.ask("GET /api/apps/shop/logs?limit=2", ADMIN, "").await.bolt();
        documented::<LogPage>(&part);
        assert_eq!(part["next"], 2);
        assert_eq!(
            part["lines"][1],
            json!({"number": 2, "at": "1970-01-01T00:00:00.007Z", "stream": "out", "text": "two"})
        );
        let none = server.ask("GET /api/apps/shop/logs?after=3", ADMIN, "").await.bolt();
        assert_eq!(none, json!({"lines": [], "next": 3}));
        let mut client = server.connect().await;
        let line = "GET /api/apps/shop/logs?after=2&follow=true HTTP/1.1\r\nhost: x\r\n";
        client.say(format!("{line}{ADMIN}\r\n")).await;
        let head = client.read_to("\r\n\r\n").await;
        assert!(head.contains("content-type: application/x-ndjson"), "{head}");
        assert!(client.read_to("}\n").await.contains(r#""text":"three \"<""#));
        server.launcher.write("four");
        assert!(client.read_to("}\n").await.contains(r#""number":4"#));
        // It ends with the app, and the answer is whole.
        server.engine.uninstall("shop").await.unwrap();
        client.read_to("0\r\n\r\n").await;
        assert!(server.launcher.warnings().is_empty());
    });
}
