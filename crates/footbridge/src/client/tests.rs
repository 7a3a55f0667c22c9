//! The requests that the client sends, and how it reads answers.

use std::{net::TcpListener, ops::ControlFlow};

use footbridge_model::secret::Secret;
use serde_json::{Value, json};

use super::{Api, Call, Client, error::ClientError};
use crate::fake::{Fake, OPEN};

fn client(url: &str) -> Client {
    Client::new(url, Some(Secret::new("adm"))).unwrap()
}

fn call(api: Api) -> Call<'static> {
    Call { api, path: &["apps"], ..Call::default() }
}

#[test]
fn a_call_is_encoded_and_its_answer_is_not_changed() {
    let fake = Fake::start(&[("", "200 OK", "{\"b\":1,  \"a\":2}")]);
    let call = Call {
        path: &["apps", "a/b ?", "rotate"],
        query: &[("app", Some("x&y")), ("status", None)],
        body: serde_json::value::to_raw_value(&json!({"k": "v"})).ok(),
        ..Call::default()
    };
    let server = format!("{}/base/?drop=1#x", fake.url.replace("http://", "http://user:password@"));
    let answer = client(&server).post(&call).unwrap();
    assert_eq!(answer.raw, "{\"b\":1,  \"a\":2}");
    let seen = fake.seen().remove(0);
    let head = seen.head;
    assert!(!head.contains("user:") && !head.contains("password"), "{head}");
    assert!(head.starts_with("POST /base/api/v1/apps/a%2Fb%20%3F/rotate?app=x%26y HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("authorization: Bearer adm\r\n"), "{head}");
    assert!(head.contains("content-type: application/json\r\n"), "{head}");
    assert_eq!(seen.body, "{\"k\":\"v\"}");
}

#[test]
fn refusals_become_texts_for_the_user() {
    let problem = "{\"title\":\"Conflict\",\"detail\":\"the app shop exists\",\"code\":\"app_exists\"}";
    let refused = "refuses this admin token; give the right one with --admin-token";
    let foreign = "answers, but not as a Footbridge server does";
    for (api, status, body, expected) in [
        (Api::Admin, "409 Conflict", problem, "the app shop exists (409, app_exists)"),
        (Api::Admin, "404 Not Found", "{\"title\":\"Not Found\"}", "Not Found (404)"),
        (Api::Admin, "401 Unauthorized", "{}", refused),
        (Api::Admin, "404 Not Found", "<html>", foreign),
        (Api::Admin, "200 OK", "<html>", foreign),
        (
            Api::Bolt,
            "409 Conflict",
            "{\"code\":420,\"error\":{\"message\":\"not running\"}}",
            "not running (409, code 420)",
        ),
        (Api::Bolt, "200 OK", "{\"code\":403,\"error\":{\"message\":\"no app\"}}", "no app (200, code 403)"),
        (Api::Bolt, "401 Unauthorized", "", refused),
        (Api::Bolt, "200 OK", "{\"code\":113,\"error\":{\"message\":\"unknown\"}}", refused),
        (Api::Bolt, "200 OK", "[]", foreign),
        (Api::Bolt, "404 Not Found", "<html>", foreign),
    ] {
        let fake = Fake::start(&[("", status, body)]);
        let message = client(&fake.url).get(&call(api)).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }
    let fake = Fake::start(&[("", "401 Unauthorized", "")]);
    for api in [Api::Admin, Api::Bolt] {
        let message = Client::new(&fake.url, None).unwrap().get(&call(api)).unwrap_err().to_string();
        assert!(message.contains("wants the admin token; give it with --admin-token"), "{message}");
    }
}

#[test]
fn the_envelope_of_bolt_is_removed() {
    let raw = "{\"code\":0,\"body\":{\"name\":\"a\"}}";
    let fake = Fake::start(&[("GET /api/apps ", "200 OK", raw), ("DELETE ", "200 OK", "{\"code\":0}")]);
    let answer = client(&fake.url).get(&call(Api::Bolt)).unwrap();
    assert_eq!((answer.parse::<Value>().unwrap(), answer.raw), (json!({"name": "a"}), raw.into()));
    assert!(client(&fake.url).delete(&call(Api::Bolt)).unwrap().parse::<Value>().unwrap().is_null());
}

#[test]
fn lines_are_followed_until_either_side_ends() {
    let text = "{\"n\":1}\n\n\n{\"n\":2}\n{\"n\":";
    let open = Fake::start(&[("", OPEN, text)]);
    let mut lines = Vec::new();
    // The reader ends it, while the server keeps the answer open.
    client(&open.url)
        .follow(&call(Api::Bolt), std::future::pending(), |line| {
            lines.push(line.to_owned());
            if lines.len() == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .unwrap();
    assert_eq!(lines, ["{\"n\":1}", "{\"n\":2}"]);
    // `until` ends it.
    client(&open.url)
        .follow(&call(Api::Bolt), std::future::ready(()), |_| ControlFlow::Continue(()))
        .unwrap();
    // The server ends it.
    let whole = Fake::start(&[("", "200 OK", text)]);
    let mut count = 0;
    let count_up = |_: &str| {
        count += 1;
        ControlFlow::Continue(())
    };
    client(&whole.url).follow(&call(Api::Bolt), std::future::pending(), count_up).unwrap();
    assert_eq!(count, 2);
    let refusing = Fake::start(&[("", "404 Not Found", "{\"code\":403,\"error\":{\"message\":\"no app\"}}")]);
    let refused = client(&refusing.url)
        .follow(&call(Api::Bolt), std::future::pending(), |_| ControlFlow::Continue(()))
        .unwrap_err();
    assert_eq!(refused.to_string(), "no app (404, code 403)");
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let message = client(&format!("http://127.0.0.1:{port}/")).get(&Call::default()).unwrap_err().to_string();
    assert_eq!(message, format!("no server at http://127.0.0.1:{port}; start one with `footbridge serve`"));
    assert!(Client::new("https://h", None).unwrap_err().to_string().contains("asks for https"));
    for server in ["", "h:4400", "ftp://h"] {
        assert!(matches!(Client::new(server, None), Err(ClientError::BadServer(_))), "{server}");
    }
}
