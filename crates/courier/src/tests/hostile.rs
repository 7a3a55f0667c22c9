//! Answers made to confuse: whatever they hold and however they are cut, the result is one and the same, and a
//! connection that was spoken to in riddles is not used again.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::AnswerLimit::{self, Refuse, Truncate};
use crate::answer_reader::AnswerReader;
use crate::failures::round_trip_failure;
use crate::head::HeadOptions;

/// The outcome of an answer, as a caller sees it.
#[derive(Debug, PartialEq)]
enum Outcome {
    Answered { status: u16, headers: Vec<(String, Vec<u8>)>, body: Bytes, truncated: bool, keep: bool },
    Failed(FailureKind),
}

/// Reads pieces as they come and then the end of the connection.
fn read(pieces: &[&[u8]], limit: AnswerLimit, bodiless: bool) -> Outcome {
    let mut reader = AnswerReader::new(limit, HeadOptions { no_body: bodiless, keep_headers: true });
    let mut pieces = pieces.iter();
    let ended = loop {
        match pieces.next().map(|piece| reader.feed(piece)) {
            Some(Ok(false)) => {}
            Some(ended) => break ended.map(drop),
            None => break reader.end(),
        }
    };
    let has_head = reader.has_head();
    match ended {
        Err(error) if !reader.is_sufficient() => {
            Outcome::Failed(round_trip_failure(&error, Sent::Perhaps, has_head).kind)
        }
        ended => {
            let (answer, keep) = reader.into_answer(ended.is_err()).unwrap();
            let headers = answer.headers.iter().map(|(k, v)| (k.to_string(), v.as_bytes().to_vec()));
            Outcome::Answered {
                status: answer.status.as_u16(),
                headers: headers.collect(),
                body: answer.body,
                truncated: answer.truncated,
                // What nobody asked for is found when the connection is taken again, if not now.
                keep: keep.is_some() && pieces.next().is_none(),
            }
        }
    }
}

/// Bits of answers, good and bad.
fn bits() -> impl Strategy<Value = Vec<u8>> {
    let whole = [
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.0 200 OK\r\n",
        "HTTP/1.1 204 No Content\r\n",
        "HTTP/1.1 304 \r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 103 Hints\r\nlink: </a>\r\n\r\n",
        "HTTP/1.1 101 Up\r\n\r\n",
        "content-length: 10\r\n",
        "Content-Length: 3, 3\r\n",
        "content-length: 3\r\n",
        "content-length: +3\r\n",
        "content-length: 99999999999999999999\r\n",
        "transfer-encoding: chunked\r\n",
        "Transfer-Encoding: Chunked\r\n",
        "transfer-encoding: gzip, chunked\r\n",
        "connection: close\r\n",
        "connection: x, keep-alive\r\n",
        "x-a: b\r\n c\r\n",
        "x-a: b\n",
        "x-a: \u{e9}\r\n",
        "x a: b\r\n",
        "x-a : b\r\n",
        "\r\n",
        "\n",
        "\r",
        "\r\n\r\n",
        "3\r\nabc\r\n",
        "0a;x=\"y\"\r\n0123456789\r\n",
        "3 \r\nabc\r\n",
        "3\nabc\n",
        "0\r\n\r\n",
        "0\r\nx-t: 1\r\n\r\n",
        "0\r\nx t\r\n\r\n",
        "ffffffffffffffff\r\n",
        "1ffffffffffffffff\r\n",
        "0123456789",
        "abc",
        "\0",
    ];
    let part = prop_oneof![
        20 => select(whole.map(|text| text.as_bytes().to_vec()).to_vec()),
        1 => vec(any::<u8>(), 0..8),
        1 => (0_usize..70).prop_map(|n| b"x-many: 1\r\n".repeat(n)),
    ];
    let begin = select(vec![&b"HTTP/1.1 200 OK\r\n"[..], b"HTTP/1.0 404 No\r\n", b""]);
    (begin, vec(part, 0..9)).prop_map(|(begin, parts)| [begin.to_vec(), parts.concat()].concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn an_answer_is_the_same_in_pieces_of_any_size(
        bytes in bits(),
        cuts in vec(any::<prop::sample::Index>(), 0..12),
        limit in select(vec![Refuse(0), Refuse(3), Refuse(12), Refuse(9999), Truncate(0), Truncate(3), Truncate(12), Truncate(9999)]),
        bodiless in any::<bool>(),
    ) {
        let whole = read(&[&bytes], limit, bodiless);
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        prop_assert_eq!(&read(&single, limit, bodiless), &whole);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.sort_unstable();
        let mut pieces = Vec::new();
        let mut from = 0;
        for cut in cuts.into_iter().chain([bytes.len()]) {
            pieces.push(&bytes[from..cut]);
            from = cut;
        }
        pieces.retain(|piece| !piece.is_empty());
        prop_assert_eq!(&read(&pieces, limit, bodiless), &whole);
    }

    #[test]
    fn chunks_decode_to_the_original_body(parts in vec(vec(any::<u8>(), 1..300), 0..20), cut in 1_usize..50) {
        let mut bytes = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
        for part in &parts {
            bytes.extend_from_slice(format!("{:X};a=b\r\n", part.len()).as_bytes());
            bytes.extend_from_slice(part);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"0\r\nx-checked: yes\r\n\r\n");
        let pieces: Vec<&[u8]> = bytes.chunks(cut).collect();
        let Outcome::Answered { body, truncated, keep, .. } = read(&pieces, Refuse(6000), false) else {
            panic!("no answer");
        };
        prop_assert_eq!((body, truncated, keep), (Bytes::from(parts.concat()), false, true));
    }
}

/// The answer of a receiver that sends this and keeps the connection open, and the number of idle connections after it.
async fn said(method: &str, answer: &'static str) -> (Result<Answer, Failure>, usize) {
    let receiver = Receiver::start(move |mut peer| async move {
        peer.request().await;
        peer.say_and_hold(answer).await;
    })
    .await;
    let courier = loopback_courier();
    let out = Outbound { method: method.parse().unwrap(), ..post(&receiver.url()) };
    let outcome = courier.send(out).await;
    (outcome, courier.idle_connections())
}

#[test]
fn ambiguous_framing_is_malformed() {
    run(async {
        for lines in [
            "content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            "transfer-encoding: chunked\r\ncontent-length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            "transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            "transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
            "transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
            "content-length: 2, 3\r\n\r\nok",
            "content-length: +2\r\n\r\nok",
            "content-length: -2\r\n\r\nok",
            "content-length: 0x2\r\n\r\nok",
            "content-length:\r\n\r\nok",
            "content-length: 18446744073709551617\r\n\r\nok",
            "content-length : 2\r\n\r\nok",
            "x-a: 1\r\n content-length: 2\r\n\r\nok",
            "x-a: 1\ncontent-length: 2\r\n\r\nok",
            "content-length: 2\n\nok",
            "x-a: 1\rcontent-length: 2\r\n\r\nok",
            "x-a: \0\r\ncontent-length: 2\r\n\r\nok",
            "transfer-encoding: chunked\r\n\r\n2\nok\n0\n\n",
            "transfer-encoding: chunked\r\n\r\n0x2\r\nok\r\n0\r\n\r\n",
            "transfer-encoding: chunked\r\n\r\n-2\r\nok\r\n0\r\n\r\n",
            "transfer-encoding: chunked\r\n\r\n 2\r\nok\r\n0\r\n\r\n",
            "transfer-encoding: chunked\r\n\r\n\r\n",
            "transfer-encoding: chunked\r\n\r\n00000000000000002\r\nok\r\n0\r\n\r\n",
            "transfer-encoding: chunked\r\n\r\n2;a\nb\r\nok\r\n0\r\n\r\n",
            "transfer-encoding: chunked\r\n\r\n2\r\nok0\r\n\r\n",
            "transfer-encoding: chunked\r\n\r\n0\r\nx-t\r\n\r\n",
            "transfer-encoding: chunked\r\n\r\n0\r\n x: 1\r\n\r\n",
        ] {
            let (outcome, idle) = said("POST", format!("HTTP/1.1 200 OK\r\n{lines}").leak()).await;
            assert_failed(outcome, FailureKind::Malformed, Sent::Perhaps);
            assert_eq!(idle, 0, "{lines}");
        }
        let old = "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
        assert_failed(said("POST", old).await.0, FailureKind::Malformed, Sent::Perhaps);
        let interim = "HTTP/1.1 102 Processing\r\n\r\n".repeat(33);
        let (outcome, _) = said("POST", format!("{interim}{OK}").leak()).await;
        assert_failed(outcome, FailureKind::Malformed, Sent::Perhaps);
    });
}

#[test]
fn odd_answers_are_read_but_only_clean_ones_keep_the_connection() {
    run(async {
        for (method, answer, body, kept) in [
            ("POST", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nok", "ok", 0),
            ("POST", "HTTP/1.1 200 OK\r\ncontent-length: 2, 2\r\n\r\nok", "ok", 0),
            ("POST", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n", "ok", 0),
            ("POST", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nmore", "", 0),
            ("POST", "HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n", "", 0),
            ("POST", "HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\n", "", 0),
            ("POST", "HTTP/1.1 204 No Content\r\n\r\nsmall", "", 0),
            ("POST", "HTTP/1.1 200 OK\r\nconnection: x, Close\r\ncontent-length: 2\r\n\r\nok", "ok", 0),
            ("POST", "HTTP/1.1 204 No Content\r\n\r\n", "", 1),
            ("POST", "HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n", "", 1),
            ("HEAD", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", "", 1),
            ("HEAD", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "", 1),
            ("HEAD", "HTTP/1.1 200 OK\r\n\r\n", "", 1),
            ("POST", "HTTP/1.0 200 OK\r\nconnection: Keep-Alive\r\ncontent-length: 2\r\n\r\nok", "ok", 1),
            ("POST", "\r\nHTTP/1.1 200\r\nCONTENT-LENGTH:2\t\r\n\r\nok", "ok", 1),
        ] {
            let (outcome, idle) = said(method, answer).await;
            let got = outcome.unwrap_or_else(|failure| panic!("{answer}: {failure}"));
            assert_eq!((&got.body[..], got.truncated, idle), (body.as_bytes(), false, kept), "{answer}");
        }
    });
}

#[test]
fn an_answer_in_single_bytes_is_an_answer() {
    run(async {
        let answer = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nx-long: 0123456789012345678901234567890123456789\r\n\r\n2;a=b\r\nok\r\n0\r\nx-t: 1\r\n\r\n";
        let receiver = Receiver::start(move |mut peer| async move {
            peer.stream.set_nodelay(true).unwrap();
            while peer.request().await.is_some() {
                for at in 0..answer.len() {
                    peer.say(&answer[at..=at]).await;
                    tokio::task::yield_now().await;
                }
            }
        })
        .await;
        let courier = loopback_courier();
        for _ in 0..5 {
            let answer = courier.send(post(&receiver.url())).await.unwrap();
            assert_eq!((&answer.body[..], answer.headers.len()), (&b"ok"[..], 2));
        }
        assert_eq!(receiver.connections.get(), 1);
    });
}

#[test]
fn bytes_that_arrive_before_the_request_are_no_answer() {
    run(async {
        let receiver = Receiver::start(|mut peer| async move {
            while peer.request().await.is_some() {
                peer.say(OK).await;
                tokio::time::sleep(Duration::from_millis(5)).await;
                peer.say("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged").await;
                peer.requests.borrow_mut().push("forged".to_owned());
            }
        })
        .await;
        let courier = loopback_courier();
        for number in 1..=5 {
            assert_eq!(&courier.send(post(&receiver.url())).await.unwrap().body[..], b"ok");
            until(|| receiver.seen() == 2 * number).await;
            // Lets the reactor tell of it.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(receiver.connections.get(), 5);
    });
}

#[test]
fn a_receiver_that_reads_only_while_its_answer_is_read_causes_no_deadlock() {
    run(async {
        const SIZE: usize = 16 << 20;
        let receiver = Receiver::start(|mut peer| async move {
            peer.say(&format!("HTTP/1.1 200 OK\r\ncontent-length: {SIZE}\r\n\r\n")).await;
            let (mut from, mut to) = peer.stream.split();
            let mut left = SIZE;
            let mut room = vec![0; 1 << 16];
            while left > 0 {
                let n = from.read(&mut room).await.unwrap().min(left);
                to.write_all(&room[..n]).await.unwrap();
                left -= n;
            }
        })
        .await;
        let body = Bytes::from(vec![b'x'; SIZE]);
        let out = Outbound { body, answer: Refuse(SIZE), ..post(&receiver.url()) };
        assert_eq!(loopback_courier().send(out).await.unwrap().body.len(), SIZE);
    });
}

#[test]
fn an_answer_that_came_before_the_connection_broke_counts() {
    run(async {
        let receiver = Receiver::start(|mut peer| async move {
            peer.stream.read_exact(&mut [0; 64]).await.unwrap();
            peer.say("HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nbig").await;
            // Closing with something unread resets the connection.
        })
        .await;
        let courier = loopback_courier();
        let body = Bytes::from(vec![b'x'; 64 << 20]);
        let answer = courier.send(Outbound { body, ..post(&receiver.url()) }).await.unwrap();
        assert_eq!((answer.status.as_u16(), &answer.body[..]), (413, &b"big"[..]));
        assert_eq!(courier.idle_connections(), 0);
    });
}
