//! Tests of the harness itself.

use std::time::{Duration, Instant};

use harness::{
    Call, Raw, Receiver, Reply, each, fixture, is_iso_millis, members, raw_member, refused_address,
};

fn call(receiver: &Receiver) -> Call {
    Call::new(receiver.address(), "POST", "/x?y").header("X-A", "b").body("{}")
}

#[test]
fn a_receiver_records_and_answers_as_told() {
    let receiver = Receiver::start();
    let body = format!("{:?}", "x".repeat(100));
    let rows = [
        Reply::json(&body),
        Reply::json(&body).chunked(),
        Reply::json(&body).by_byte(Duration::from_micros(10)),
        Reply::status(418).with_body(&body),
        Reply::bytes(format!("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{body}")),
    ];
    each(rows, |reply| {
        receiver.next(reply.clone());
        let answer = call(&receiver).send();
        assert!(matches!(answer.status, 200 | 418));
        assert_eq!(answer.text(), body);
    });
    let got = receiver.wait(5);
    assert_eq!((got[0].method.as_str(), got[0].path.as_str(), got[0].text()), ("POST", "/x?y", "{}".into()));
    assert_eq!(got[0].header("x-a"), Some("b"));
}

#[test]
fn a_receiver_fails_as_told() {
    let receiver = Receiver::start();
    each([Reply::reset(), Reply::close(), Reply::json("{}").short(), Reply::bytes("junk")], |reply| {
        receiver.next(reply.clone());
        assert!(call(&receiver).try_send().is_err());
    });
    receiver.next(Reply::hang());
    let mut raw = Raw::connect(receiver.address());
    raw.send(call(&receiver).bytes());
    assert!(raw.silent_for(Duration::from_millis(100)));
    let begun = Instant::now();
    receiver.next(Reply::json("{}").after(Duration::from_millis(50)));
    call(&receiver).send();
    assert!(begun.elapsed() >= Duration::from_millis(50));
    let nobody = Call::new(refused_address(), "GET", "/").try_send().unwrap_err();
    assert_eq!(nobody.kind(), std::io::ErrorKind::ConnectionRefused);
}

#[test]
fn json_members_are_read_as_written() {
    let object = r#" { "a":{"b":1}, "c" : "}\"{", "a":[{"d":2}],"e":"f" } "#;
    assert_eq!(members(object.as_bytes()), ["a", "c", "a", "e"]);
    assert_eq!(raw_member(br#"{"a": [ 1 ]}"#, "a"), "[ 1 ]");
    assert!(is_iso_millis("2026-01-31T23:59:59.000Z"));
    each(["2026-01-31T23:59:59Z", "2026-01-31 23:59:59.000Z", "2026-01-31T23:59:59.000+00:00"], |text| {
        assert!(!is_iso_millis(text));
    });
}

#[test]
fn the_reference_library_and_the_vectors_agree() {
    each(fixture("signatures.json")["vectors"].as_array().unwrap(), |vector| {
        let text = |member: &str| vector[member].as_str().unwrap();
        let signer = standardwebhooks::Webhook::new(text("secret")).unwrap();
        let stamp = vector["timestamp"].as_i64().unwrap();
        assert_eq!(signer.sign(text("id"), stamp, text("body").as_bytes()).unwrap(), text("signature"));
    });
}
