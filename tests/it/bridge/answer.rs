//! The receiver's answer is returned unchanged.

use std::time::Duration;

use harness::{Reply, each, payloads};

use super::pair::{event, pair};

#[test]
fn any_json_comes_back_byte_for_byte() {
    let (gateway, receiver) = pair();
    let odd = [String::new(), " { \"odd\" :\t[ 1 , 2 ] }\r\n".to_owned()];
    each(payloads().into_iter().chain(odd), |body| {
        receiver.at("/shop", Reply::json(body));
        let answer = gateway.host("superapp").send(event("1")).expect(200);
        assert_eq!(answer.text(), *body);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert!(answer.header("footbridge-exchange-id").is_some_and(|id| id.starts_with("exc_")));
        assert_eq!(answer.header("footbridge-error"), None);
    });
}

#[test]
fn any_2xx_is_an_answer() {
    let (gateway, receiver) = pair();
    each([200, 201, 202, 203, 206, 226, 299], |status| {
        receiver.at("/shop", Reply::status(*status).with_body("{\"a\": 1}"));
        let answer = gateway.host("superapp").send(event("1")).expect(200);
        assert_eq!(answer.text(), "{\"a\": 1}");
    });
    let blank = ["", " ", "\r\n", " \t\n "];
    each(blank.iter().flat_map(|body| [200, 201].map(|status| (status, *body))), |(status, body)| {
        receiver.at("/shop", Reply::status(*status).with_body(body));
        assert_eq!(gateway.host("superapp").send(event("1")).expect(200).text(), "");
    });
    receiver.at("/shop", Reply::bytes("HTTP/1.1 204 No Content\r\n\r\n"));
    assert_eq!(gateway.host("superapp").send(event("1")).expect(200).text(), "");
    let call = gateway.host("superapp").call(event("1")).header("Idempotency-Key", "empty");
    let replay = || call.clone().send().expect(200).text();
    assert_eq!((replay(), replay()), (String::new(), String::new()));
}

#[test]
fn transfer_coding_and_content_type_of_an_answer_do_not_matter() {
    let (gateway, receiver) = pair();
    let body = r#"{"a": "0123456789abcdef0123456789abcdef"}"#;
    let until_close = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{body}");
    let hinted = format!(
        "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let old = format!("HTTP/1.0 200 OK\r\n\r\n{body}");
    let replies = [
        Reply::json(body).chunked(),
        Reply::json(body).by_byte(Duration::from_millis(1)),
        Reply::status(200).with_body(body).with("Content-Type", "text/html"),
        Reply::status(200).with_body(body),
        Reply::bytes(until_close),
        Reply::bytes(hinted),
        Reply::bytes(old),
    ];
    each(replies, |reply| {
        receiver.at("/shop", reply.clone());
        let answer = gateway.host("superapp").send(event("1")).expect(200);
        assert_eq!(answer.text(), body);
        assert_eq!(answer.header("content-type"), Some("application/json"));
    });
}

#[test]
fn headers_of_the_receiver_are_not_forwarded() {
    let (gateway, receiver) = pair();
    let reply = Reply::json("{}")
        .with("Set-Cookie", "leak=1")
        .with("X-Leak", "leak-2")
        .with("Access-Control-Allow-Origin", "leak-3")
        .with("Footbridge-Error", "UNAUTHORIZED")
        .with("Footbridge-Exchange-Id", "exc_leak4")
        .with("Server", "leak-5");
    receiver.at("/shop", reply);
    let answer = gateway.host("superapp").send(event("1")).expect(200);
    let headers = format!("{:?}", answer.headers);
    assert!(!headers.contains("leak"), "{headers}");
    assert_eq!(answer.header("footbridge-error"), None, "{headers}");
    assert_eq!(
        answer.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("footbridge-exchange-id")).count(),
        1
    );
}

#[test]
fn every_exchange_has_an_id_of_its_own() {
    let (gateway, receiver) = pair();
    let ids: std::collections::BTreeSet<_> = (0..20)
        .map(|_| {
            gateway.host("superapp").send(event("1")).header("footbridge-exchange-id").unwrap().to_owned()
        })
        .collect();
    assert_eq!(ids.len(), 20);
    assert_eq!(receiver.count(), 20);
}
