use http::{Method, Request};
use http_body_util::BodyExt as _;

use super::dialing::NoDescriptor;
use super::*;
use crate::{Relay, RelayBody, RelayError, Relayed};

fn request(method: Method, body: &'static str) -> Request<RelayBody> {
    let mut request = Request::new(RelayBody::complete(Bytes::from_static(body.as_bytes())));
    *request.method_mut() = method;
    *request.uri_mut() = "/path?q".parse().unwrap();
    request
}

/// The whole body of an answer.
async fn ask(relay: &Relay, to: SocketAddr, request: Request<RelayBody>) -> Result<Bytes, RelayError> {
    match relay.send(to, request).await? {
        Relayed::Answer(answer) => Ok(answer.into_body().collect().await.unwrap().to_bytes()),
        Relayed::Switched(..) => panic!("switched unasked"),
    }
}

#[test]
fn only_this_machine_is_reached() {
    run(async {
        let relay = Relay::default();
        for to in ["10.0.0.1:80", "169.254.169.254:80", "0.0.0.0:80", "[::ffff:192.0.2.1]:80"] {
            let to: SocketAddr = to.parse().unwrap();
            assert_eq!(ask(&relay, to, request(Method::GET, "")).await, Err(RelayError::NotLocal(to)));
        }
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        assert_eq!(ask(&relay, gone, request(Method::GET, "")).await, Err(RelayError::Unreachable(gone)));
    });
}

#[test]
fn a_shortage_of_this_server_is_not_the_apps_failure() {
    run(async {
        let options = CourierOptions { dialer: Arc::new(NoDescriptor), ..options(Policy::default()) };
        let relay = Relay::new(&options.share());
        let answer = ask(&relay, "127.0.0.1:9".parse().unwrap(), request(Method::GET, "")).await;
        assert!(matches!(answer, Err(RelayError::Shortage(_))), "{answer:?}");
    });
}

#[test]
fn connections_are_reused_with_either_framing() {
    run(async {
        let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
        for answer in [OK, chunked] {
            let receiver = Receiver::answering(answer).await;
            let relay = Relay::default();
            for _ in 0..50 {
                assert_eq!(ask(&relay, receiver.addr, request(Method::POST, "x")).await.unwrap(), "ok");
            }
            assert_eq!((receiver.connections.get(), relay.idle_connections()), (1, 1), "{answer}");
        }
    });
}

/// Answers the first request of each connection and reads another one before it closes.
async fn closing_on_the_second() -> Receiver {
    Receiver::start(|mut peer| async move {
        peer.request().await;
        peer.say(OK).await;
        peer.request().await;
    })
    .await
}

#[test]
fn repeatable_requests_are_sent_again_on_a_new_connection() {
    run(async {
        let receiver = closing_on_the_second().await;
        let relay = Relay::default();
        for _ in 0..5 {
            assert_eq!(ask(&relay, receiver.addr, request(Method::GET, "")).await.unwrap(), "ok");
        }
        // The second was read and not answered, and so came again; and so on.
        assert_eq!((receiver.connections.get(), receiver.seen()), (5, 9));
    });
}

#[test]
fn requests_that_may_have_been_read_are_never_sent_again() {
    run(async {
        for (method, body) in [(Method::POST, ""), (Method::POST, "x"), (Method::PUT, "x")] {
            let receiver = closing_on_the_second().await;
            let relay = Relay::default();
            assert!(ask(&relay, receiver.addr, request(method.clone(), body)).await.is_ok());
            let second = ask(&relay, receiver.addr, request(method, body)).await;
            assert_eq!((second, receiver.seen()), (Err(RelayError::Closed), 2));
        }
    });
}

#[test]
fn giving_up_closes_the_connection() {
    run(async {
        let closed = Rc::new(Cell::new(0));
        let counted = Rc::clone(&closed);
        let receiver = Receiver::start(move |mut peer| {
            let counted = Rc::clone(&counted);
            async move {
                let begun = peer.request().await.is_some_and(|text| text.starts_with("PUT"));
                peer.say(if begun { "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nbegun" } else { "" }).await;
                assert!(peer.request().await.is_none());
                counted.set(counted.get() + 1);
            }
        })
        .await;
        let relay = Relay::default();
        let waiting = tokio::task::spawn_local({
            let (relay, to) = (relay.clone(), receiver.addr);
            async move { ask(&relay, to, request(Method::GET, "")).await }
        });
        until(|| receiver.seen() == 1).await;
        waiting.abort();
        until(|| closed.get() == 1).await;
        let begun = relay.send(receiver.addr, request(Method::PUT, "")).await.unwrap();
        drop(begun);
        until(|| closed.get() == 2).await;
        assert_eq!(relay.idle_connections(), 0);
    });
}

#[test]
fn an_answer_that_is_not_http() {
    run(async {
        let receiver = Receiver::answering("SSH-2.0-x\r\n\r\n").await;
        let outcome = ask(&Relay::default(), receiver.addr, request(Method::GET, "")).await;
        assert_eq!(outcome, Err(RelayError::Malformed));
    });
}

#[test]
fn a_connection_that_switches_is_handed_over() {
    run(async {
        let receiver = Receiver::start(|mut peer| async move {
            peer.request().await;
            peer.say_and_hold(
                "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\nearly",
            )
            .await;
        })
        .await;
        let mut asking = request(Method::GET, "");
        asking.headers_mut().insert("connection", HeaderValue::from_static("upgrade"));
        asking.headers_mut().insert("upgrade", HeaderValue::from_static("x"));
        let relay = Relay::default();
        let Relayed::Switched(head, mut switched) = relay.send(receiver.addr, asking).await.unwrap() else {
            panic!("not switched");
        };
        assert_eq!(
            (head.status().as_u16(), &head.headers()["upgrade"]),
            (101, &HeaderValue::from_static("x"))
        );
        let mut said = switched.early.to_vec();
        while said.len() < 5 {
            assert!(switched.stream.read_buf(&mut said).await.unwrap() > 0);
        }
        assert_eq!(said, b"early");
    });
}
