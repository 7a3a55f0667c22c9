use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use tokio::sync::oneshot;

use super::*;
use crate::AnswerLimit;

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    let pairs = pairs.iter();
    pairs.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
}

#[test]
fn connection_headers_of_the_caller_are_not_sent() {
    run(async {
        let receiver = Receiver::answering(OK).await;
        let courier = loopback_courier();
        let out = Outbound {
            headers: headers(&[
                ("x-mine", "1"),
                ("content-type", "application/json"),
                ("connection", "close, x-named"),
                ("x-named", "2"),
                ("transfer-encoding", "chunked"),
                ("host", "evil.test"),
                ("content-length", "3"),
                ("te", "trailers"),
                ("upgrade", "h2c"),
                ("keep-alive", "timeout=9"),
                ("expect", "100-continue"),
                ("proxy-connection", "close"),
                ("accept-encoding", "gzip"),
                ("user-agent", "other"),
            ]),
            ..post(&receiver.url())
        };
        let answer = courier.send(out).await.unwrap();
        assert_eq!((answer.status.as_u16(), &answer.body[..], answer.truncated), (200, &b"ok"[..], false));
        let request = receiver.requests.borrow()[0].clone();
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let mut lines: Vec<_> = head.lines().map(str::to_owned).collect();
        lines[1..].sort();
        assert_eq!(
            lines,
            [
                "POST /hook?x=1 HTTP/1.1",
                "accept-encoding: identity",
                "content-length: 7",
                "content-type: application/json",
                &format!("host: {}", receiver.addr),
                "user-agent: Footbridge/test",
                "x-mine: 1",
            ]
        );
        assert_eq!(body, "{\"a\":1}");
    });
}

#[test]
fn empty_bodies_and_other_methods_are_framed_right() {
    run(async {
        let receiver = Receiver::answering(OK).await;
        let courier = loopback_courier();
        for (method, length) in
            [("POST", Some("content-length: 0")), ("DELETE", Some("content-length: 0")), ("GET", None)]
        {
            let out =
                Outbound { method: method.parse().unwrap(), body: Bytes::new(), ..post(&receiver.url()) };
            assert_eq!(courier.send(out).await.unwrap().status, 200);
            let request = receiver.requests.borrow().last().unwrap().clone();
            assert!(request.starts_with(&format!("{method} /hook?x=1 HTTP/1.1\r\n")));
            assert_eq!(request.lines().find(|line| line.starts_with("content-length")), length);
            assert!(!request.contains("transfer-encoding"));
        }
    });
}

#[test]
fn written_fires_once_the_complete_request_is_written() {
    run(async {
        let (go, gone) = oneshot::channel::<()>();
        let gone = RefCell::new(Some(gone));
        let receiver = Receiver::start(move |mut peer| {
            let gone = gone.borrow_mut().take();
            async move {
                let mut first = [0; 1];
                peer.stream.read_exact(&mut first).await.unwrap();
                gone.unwrap().await.unwrap();
                peer.say_and_hold("").await;
            }
        })
        .await;
        let (written, mut told) = oneshot::channel();
        // Far more than both socket buffers take.
        let body = Bytes::from(vec![b'x'; 32 << 20]);
        let out = Outbound { body, written: Some(written), ..post(&receiver.url()) };
        let courier = loopback_courier();
        let sending = tokio::task::spawn_local(async move { courier.send(out).await });
        until(|| receiver.connections.get() == 1).await;
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert!(told.try_recv().is_err(), "told while the receiver had read one byte");
        go.send(()).unwrap();
        told.await.unwrap();
        assert!(!sending.is_finished(), "nothing was answered");
        sending.abort();
    });
}

#[test]
fn written_fires_for_small_empty_and_pooled_requests() {
    run(async {
        let receiver = Receiver::answering(OK).await;
        let courier = loopback_courier();
        for body in ["{}", "", "[1]", ""] {
            let (written, told) = oneshot::channel();
            let out = Outbound { body: body.into(), written: Some(written), ..post(&receiver.url()) };
            courier.send(out).await.unwrap();
            told.await.unwrap();
        }
        assert_eq!(receiver.connections.get(), 1);
        let (written, told) = oneshot::channel();
        let out = Outbound { written: Some(written), ..post("http://10.0.0.1/") };
        assert_failed(courier.send(out).await, FailureKind::Blocked, Sent::Nothing);
        assert!(told.await.is_err());
    });
}

#[test]
fn an_early_answer_counts_and_its_connection_is_closed() {
    run(async {
        let (read, all) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(false)));
        let (counted, ended) = (Rc::clone(&read), Rc::clone(&all));
        let receiver = Receiver::start(move |mut peer| {
            let (counted, ended) = (Rc::clone(&counted), Rc::clone(&ended));
            async move {
                peer.stream.read_exact(&mut [0; 64]).await.unwrap();
                peer.say("HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n").await;
                let mut buffer = vec![0; 1 << 16];
                while let Ok(n @ 1..) = peer.stream.read(&mut buffer).await {
                    counted.set(counted.get() + n);
                }
                ended.set(true);
            }
        })
        .await;
        let courier = loopback_courier();
        let body = Bytes::from(vec![b'x'; 64 << 20]);
        let out = Outbound { body, answer: AnswerLimit::Truncate(10), ..post(&receiver.url()) };
        assert_eq!(courier.send(out).await.unwrap().status, 413);
        assert_eq!(courier.idle_connections(), 0);
        until(|| all.get()).await;
        assert!(read.get() < 64 << 20, "the rest was sent although the answer was there");
    });
}
