use super::*;
use crate::AnswerLimit::{Refuse, Truncate};

/// Sends one request to a receiver that answers with these bytes and keeps the connection open.
async fn held(answer: &'static str, limit: crate::AnswerLimit) -> (Courier, Result<Answer, Failure>) {
    let receiver = Receiver::start(move |mut peer| async move {
        peer.request().await;
        peer.say_and_hold(answer).await;
    })
    .await;
    let courier = loopback_courier();
    let outcome = courier.send(Outbound { answer: limit, ..post(&receiver.url()) }).await;
    (courier, outcome)
}

/// The same, but the receiver closes after its bytes.
async fn closed(answer: &'static str, limit: crate::AnswerLimit) -> Result<Answer, Failure> {
    let receiver = Receiver::start(move |mut peer| async move {
        peer.request().await;
        peer.say(answer).await;
    })
    .await;
    loopback_courier().send(Outbound { answer: limit, ..post(&receiver.url()) }).await
}

const TEN: &str = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n0123456789";
const TEN_CHUNKED: &str =
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\n0123\r\n3\r\n456\r\n3\r\n789\r\n0\r\n\r\n";

#[test]
fn answers_within_the_limit_come_whole() {
    run(async {
        for answer in [TEN, TEN_CHUNKED] {
            for limit in [Refuse(10), Refuse(11), Truncate(10), Truncate(1000)] {
                let (courier, outcome) = held(answer, limit).await;
                let answer = outcome.unwrap();
                assert_eq!((&answer.body[..], answer.truncated), (&b"0123456789"[..], false));
                assert_eq!(courier.idle_connections(), 1);
            }
        }
    });
}

#[test]
fn larger_answers_are_refused_or_truncated_and_the_connection_is_closed() {
    run(async {
        for answer in [TEN, TEN_CHUNKED] {
            for limit in [0, 3, 4, 9] {
                let (courier, outcome) = held(answer, Refuse(limit)).await;
                assert_failed(outcome, FailureKind::TooLarge, Sent::Perhaps);
                assert_eq!(courier.idle_connections(), 0);
                let (courier, outcome) = held(answer, Truncate(limit)).await;
                let answer = outcome.unwrap();
                assert_eq!((answer.status.as_u16(), answer.truncated), (200, true));
                assert_eq!(&answer.body[..], &b"0123456789"[..limit]);
                assert_eq!(courier.idle_connections(), 0);
            }
        }
    });
}

#[test]
fn an_announced_length_over_the_limit_fails_before_the_body() {
    run(async {
        let (_, outcome) =
            held("HTTP/1.1 200 OK\r\ncontent-length: 10737418240\r\n\r\n", Refuse(1 << 20)).await;
        assert_failed(outcome, FailureKind::TooLarge, Sent::Perhaps);
    });
}

#[test]
fn an_endless_body_is_cut_at_the_limit() {
    run(async {
        let receiver = Receiver::start(|mut peer| async move {
            peer.request().await;
            peer.say("HTTP/1.1 200 OK\r\n\r\n").await;
            while peer.stream.write_all(&[b'x'; 4096]).await.is_ok() {}
            peer.requests.borrow_mut().push("closed".to_owned());
        })
        .await;
        let courier = loopback_courier();
        let out = Outbound { answer: Truncate(64 * 1024), ..post(&receiver.url()) };
        let answer = courier.send(out).await.unwrap();
        assert_eq!((answer.body.len(), answer.truncated), (64 * 1024, true));
        until(|| receiver.seen() == 2).await;
    });
}

#[test]
fn every_status_is_an_answer_and_redirects_stay_where_they_are() {
    run(async {
        let canary = Receiver::answering(OK).await;
        for status in [200, 204, 301, 302, 307, 308, 404, 410, 429, 500, 503] {
            let location = canary.url();
            let receiver = Receiver::start(move |mut peer| {
                let text = format!("HTTP/1.1 {status} X\r\nlocation: {location}\r\nrefresh: 0; url={location}\r\ncontent-length: 0\r\n\r\n");
                async move {
                    peer.request().await;
                    peer.say_and_hold(&text).await;
                }
            })
            .await;
            let answer = loopback_courier().send(post(&receiver.url())).await.unwrap();
            assert_eq!(
                (answer.status.as_u16(), answer.headers["location"].to_str().unwrap()),
                (status, &*canary.url())
            );
        }
        assert_eq!(canary.connections.get(), 0);
    });
}

#[test]
fn interim_answers_are_passed_over_but_a_switch_is_refused() {
    run(async {
        let interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        let (_, outcome) = held(interim, Refuse(10)).await;
        assert_eq!(&outcome.unwrap().body[..], b"ok");
        let switch = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
        let (courier, outcome) = held(switch, Refuse(10)).await;
        assert_failed(outcome, FailureKind::Malformed, Sent::Perhaps);
        assert_eq!(courier.idle_connections(), 0);
    });
}

#[test]
fn what_is_not_http_is_malformed() {
    run(async {
        for answer in [
            "hello\r\n\r\n",
            "HTTP/0.9 200 OK\r\n\r\n",
            "<html>",
            "HTTP/1.1 20 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nbad header\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nabc\r\n",
            "HTTP/2 200\r\n\r\n",
            "HTTP/1.1 999999 X\r\n\r\n",
        ] {
            let (courier, outcome) = held(answer, Refuse(10)).await;
            assert_failed(outcome, FailureKind::Malformed, Sent::Perhaps);
            assert_eq!(courier.idle_connections(), 0, "{answer}");
        }
    });
}

#[test]
fn heads_without_end_are_malformed() {
    run(async {
        for (lines, line) in [(100, "x-a: 1\r\n".to_owned()), (1, format!("x-a: {}\r\n", "a".repeat(40_000)))]
        {
            let answer = format!("HTTP/1.1 200 OK\r\n{}content-length: 0\r\n\r\n", line.repeat(lines));
            let (_, outcome) = held(answer.leak(), Refuse(10)).await;
            assert_failed(outcome, FailureKind::Malformed, Sent::Perhaps);
        }
        let (_, outcome) = held(
            format!("HTTP/1.1 200 OK\r\n{}content-length: 0\r\n\r\n", "x-a: 1\r\n".repeat(60)).leak(),
            Refuse(10),
        )
        .await;
        assert_eq!(outcome.unwrap().headers.len(), 61);
    });
}

#[test]
fn a_connection_that_ends_early_is_a_reset() {
    run(async {
        for answer in [
            "",
            "HTTP/1.1 200",
            "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n0123",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\n0123\r\n",
        ] {
            assert_failed(closed(answer, Refuse(100)).await, FailureKind::Reset, Sent::Perhaps);
        }
        for answer in ["", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n0123"] {
            let receiver = Receiver::start(move |mut peer| async move {
                peer.request().await;
                peer.say(answer).await;
                peer.reset();
            })
            .await;
            let outcome = loopback_courier().send(post(&receiver.url())).await;
            assert_failed(outcome, FailureKind::Reset, Sent::Perhaps);
        }
        // A body that ends with the connection has no other end.
        assert_eq!(&closed("HTTP/1.1 200 OK\r\n\r\n0123", Refuse(100)).await.unwrap().body[..], b"0123");
        assert_eq!(&closed("HTTP/1.0 200 OK\r\n\r\n0123", Refuse(100)).await.unwrap().body[..], b"0123");
    });
}

#[test]
fn a_broken_body_is_truncated_if_the_head_is_enough() {
    run(async {
        for (answer, body) in [
            ("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n", ""),
            ("HTTP/1.1 410 Gone\r\ncontent-length: 10\r\n\r\n0123", "0123"),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\n0123\r\n", "0123"),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\n0123\r\nzz\r\n", "0123"),
        ] {
            let whole = closed(answer, Truncate(100)).await.unwrap();
            assert_eq!((&whole.body[..], whole.truncated), (body.as_bytes(), true), "{answer}");
        }
        for head in ["", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\ncontent-length: 1"] {
            assert_failed(closed(head, Truncate(100)).await, FailureKind::Reset, Sent::Perhaps);
        }
        // The rest never comes, and the connection is given up at the deadline.
        let receiver = Receiver::start(|mut peer| async move {
            peer.request().await;
            let requests = Rc::clone(&peer.requests);
            peer.say_and_hold("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n0123").await;
            requests.borrow_mut().push("closed".to_owned());
        })
        .await;
        let (courier, started) = (loopback_courier(), Instant::now());
        let out = Outbound { deadline: after(150), answer: Truncate(100), ..post(&receiver.url()) };
        let answer = courier.send(out).await.unwrap();
        assert_eq!((answer.status.as_u16(), &answer.body[..], answer.truncated), (200, &b"0123"[..], true));
        assert!((150..5000).contains(&started.elapsed().as_millis()));
        assert_eq!(courier.idle_connections(), 0);
        until(|| receiver.seen() == 2).await;
    });
}

#[test]
fn one_deadline_covers_head_and_body() {
    run(async {
        let slowly = |head: &'static str| {
            Receiver::start(move |mut peer| async move {
                peer.request().await;
                peer.say(head).await;
                while peer.stream.write_all(b"a").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                peer.requests.borrow_mut().push("closed".to_owned());
            })
        };
        for (head, says) in [
            ("", "no answer"),
            ("HTTP/1.1 200 OK\r\nx-", "no answer"),
            ("HTTP/1.1 200 OK\r\n\r\n", "not complete"),
        ] {
            let receiver = slowly(head).await;
            let courier = loopback_courier();
            let started = Instant::now();
            let out = Outbound { deadline: after(150), ..post(&receiver.url()) };
            let outcome = courier.send(out).await;
            if head.is_empty() {
                // The first `a` of all is already no HTTP.
                assert_failed(outcome, FailureKind::Malformed, Sent::Perhaps);
                continue;
            }
            assert!(assert_failed(outcome, FailureKind::Timeout, Sent::Perhaps).contains(says));
            assert!((150..5000).contains(&started.elapsed().as_millis()));
            until(|| receiver.seen() == 2).await;
        }
        let silent = Receiver::start(|mut peer| async move {
            peer.request().await;
            peer.say_and_hold("").await;
        })
        .await;
        let out = Outbound { deadline: after(50), ..post(&silent.url()) };
        assert_failed(loopback_courier().send(out).await, FailureKind::Timeout, Sent::Perhaps);
        let out = Outbound { deadline: Instant::now(), ..post(&silent.url()) };
        assert_failed(loopback_courier().send(out).await, FailureKind::Timeout, Sent::Nothing);
        assert_eq!(silent.connections.get(), 1);
    });
}
