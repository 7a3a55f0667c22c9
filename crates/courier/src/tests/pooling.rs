use std::io::{Read, Write};
use std::sync::mpsc;

use tokio::sync::oneshot;

use super::*;
use crate::{CourierOptions, Grant};

#[test]
fn connections_are_reused_one_after_another() {
    run(async {
        let receiver = Receiver::answering(OK).await;
        let courier = loopback_courier();
        for _ in 0..200 {
            assert_eq!(&courier.send(post(&receiver.url())).await.unwrap().body[..], b"ok");
        }
        assert_eq!((receiver.connections.get(), receiver.seen(), courier.idle_connections()), (1, 200, 1));
    });
}

#[test]
fn chunked_answers_leave_the_connection_usable_too() {
    run(async {
        let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
        let receiver = Receiver::answering(chunked).await;
        let courier = loopback_courier();
        for _ in 0..50 {
            assert_eq!(&courier.send(post(&receiver.url())).await.unwrap().body[..], b"ok");
        }
        assert_eq!(receiver.connections.get(), 1);
    });
}

#[test]
fn concurrent_requests_get_connections_of_their_own() {
    run(async {
        let receiver = Receiver::answering(OK).await;
        let courier = loopback_courier();
        for _ in 0..10 {
            let sending: Vec<_> = (0..16)
                .map(|_| {
                    let (courier, out) = (courier.clone(), post(&receiver.url()));
                    tokio::task::spawn_local(async move { courier.send(out).await })
                })
                .collect();
            for sent in sending {
                assert_eq!(sent.await.unwrap().unwrap().status, 200);
            }
        }
        assert!(receiver.connections.get() <= 16, "{}", receiver.connections.get());
        assert_eq!(receiver.seen(), 160);
    });
}

#[test]
fn a_connection_the_peer_closed_while_idle_is_not_used() {
    run(async {
        let receiver = Receiver::start(|mut peer| async move {
            peer.request().await;
            peer.say(OK).await;
        })
        .await;
        let courier = loopback_courier();
        for number in 1..=10 {
            courier.send(post(&receiver.url())).await.unwrap();
            // Longer than the time in which a connection counts as surely open.
            tokio::time::sleep(Duration::from_millis(25)).await;
            assert_eq!((receiver.connections.get(), receiver.seen()), (number, number));
        }
    });
}

#[test]
fn an_unsent_request_is_sent_once_more() {
    run(async {
        let receiver = Receiver::answering(OK).await;
        let courier = loopback_courier();
        courier.send(post(&receiver.url())).await.unwrap();
        courier.cut_idle_connections();
        let (written, told) = oneshot::channel();
        let out = Outbound { written: Some(written), ..post(&receiver.url()) };
        assert_eq!(courier.send(out).await.unwrap().status, 200);
        told.await.unwrap();
        assert_eq!((receiver.connections.get(), receiver.seen()), (2, 2));
        assert!(receiver.requests.borrow()[1].ends_with("{\"a\":1}"));
    });
}

#[test]
fn a_request_that_may_be_sent_is_never_sent_again() {
    run(async {
        let receiver = Receiver::start(|mut peer| async move {
            while peer.request().await.is_some() {
                if peer.requests.borrow().len() > 1 {
                    return peer.reset();
                }
                peer.say(OK).await;
            }
        })
        .await;
        let courier = loopback_courier();
        courier.send(post(&receiver.url())).await.unwrap();
        assert_failed(courier.send(post(&receiver.url())).await, FailureKind::Reset, Sent::Perhaps);
        assert_eq!((receiver.connections.get(), receiver.seen(), courier.idle_connections()), (1, 2, 0));
    });
}

#[test]
fn giving_up_closes_the_connection() {
    run(async {
        let receiver = Receiver::start(|mut peer| async move {
            peer.request().await;
            let requests = Rc::clone(&peer.requests);
            peer.say_and_hold("").await;
            requests.borrow_mut().push("closed".to_owned());
        })
        .await;
        let courier = loopback_courier();
        let (own, out) = (courier.clone(), post(&receiver.url()));
        let sending = tokio::task::spawn_local(async move { own.send(out).await });
        until(|| receiver.seen() == 1).await;
        sending.abort();
        until(|| receiver.seen() == 2).await;
        assert_eq!(courier.idle_connections(), 0);
    });
}

#[test]
fn connections_that_the_receiver_closes_soon_are_not_reused() {
    run(async {
        for (answer, kept) in [
            ("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n", 0),
            ("HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n", 0),
            ("HTTP/1.1 200 OK\r\nkeep-alive: timeout=1\r\ncontent-length: 0\r\n\r\n", 0),
            ("HTTP/1.1 200 OK\r\nkeep-alive: max=5, timeout=0\r\ncontent-length: 0\r\n\r\n", 0),
            ("HTTP/1.1 200 OK\r\nkeep-alive: timeout=5, max=100\r\ncontent-length: 0\r\n\r\n", 1),
            ("HTTP/1.1 200 OK\r\nkeep-alive: timeout=junk\r\ncontent-length: 0\r\n\r\n", 1),
        ] {
            let receiver = Receiver::answering(answer).await;
            let courier = loopback_courier();
            courier.send(post(&receiver.url())).await.unwrap();
            assert_eq!(courier.idle_connections(), kept, "{answer}");
        }
    });
}

#[test]
fn idle_connections_are_closed_in_time_and_unused_ones_never_reused_late() {
    run(async {
        let receiver = Receiver::start(|mut peer| async move {
            while peer.request().await.is_some() {
                peer.say(OK).await;
            }
            peer.requests.borrow_mut().push("closed".to_owned());
        })
        .await;
        let idle = Duration::from_millis(200);
        let courier = Courier::new(CourierOptions { idle, ..options(allowing(&["127.0.0.0/8"])) }.share());
        let started = Instant::now();
        courier.send(post(&receiver.url())).await.unwrap();
        assert_eq!(courier.idle_connections(), 1);
        until(|| receiver.seen() == 2).await;
        assert!((200..5000).contains(&started.elapsed().as_millis()));
        assert_eq!(courier.idle_connections(), 0);
        // The sweeper that went to rest comes back for the next one.
        courier.send(post(&receiver.url())).await.unwrap();
        until(|| receiver.seen() == 4).await;
        drop(courier);
    });
}

#[test]
fn dropping_the_courier_closes_its_idle_connections() {
    run(async {
        let receiver = Receiver::start(|mut peer| async move {
            while peer.request().await.is_some() {
                peer.say(OK).await;
            }
            peer.requests.borrow_mut().push("closed".to_owned());
        })
        .await;
        let courier = loopback_courier();
        courier.send(post(&receiver.url())).await.unwrap();
        drop(courier);
        until(|| receiver.seen() == 2).await;
    });
}

#[test]
fn a_connection_opened_under_a_grant_serves_nobody_without_it() {
    run(async {
        let receiver = Receiver::answering(OK).await;
        let courier = Courier::new(options(Policy::default()).share());
        let grants: Arc<[Grant]> = Arc::from([Grant::for_target(&target(&receiver.url()))]);
        let granted = || Outbound { grants: Arc::clone(&grants), ..post(&receiver.url()) };
        courier.send(granted()).await.unwrap();
        assert_eq!(courier.idle_connections(), 1);
        assert_failed(courier.send(post(&receiver.url())).await, FailureKind::Blocked, Sent::Nothing);
        courier.send(granted()).await.unwrap();
        assert_eq!((receiver.connections.get(), receiver.seen()), (1, 2));
    });
}

#[test]
fn a_close_that_has_arrived_is_noticed_even_when_the_reactor_has_not_run() {
    run(async {
        // A receiver on a thread of its own, so that this one can stand still.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let (close, asked) = mpsc::channel();
        let (closed, told) = mpsc::channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().take(2) {
                let mut stream = stream.unwrap();
                let mut held = Vec::new();
                while !held.ends_with(b"{\"a\":1}") {
                    let mut piece = [0; 4096];
                    let n = stream.read(&mut piece).unwrap();
                    held.extend_from_slice(&piece[..n]);
                }
                stream.write_all(OK.as_bytes()).unwrap();
                asked.recv().unwrap();
                drop(stream);
                closed.send(()).unwrap();
            }
        });
        let courier = loopback_courier();
        for _ in 0..2 {
            courier.send(post(&format!("http://{addr}/"))).await.unwrap();
            assert_eq!(courier.idle_connections(), 1);
            close.send(()).unwrap();
            told.recv().unwrap();
            std::thread::sleep(Duration::from_millis(25));
        }
    });
}

#[test]
fn a_connection_over_its_time_is_not_used_even_when_the_sweeper_has_not_run() {
    run(async {
        let receiver = Receiver::answering(OK).await;
        let idle = Duration::from_millis(100);
        let courier = Courier::new(CourierOptions { idle, ..options(allowing(&["127.0.0.0/8"])) }.share());
        courier.send(post(&receiver.url())).await.unwrap();
        std::thread::sleep(idle);
        courier.send(post(&receiver.url())).await.unwrap();
        assert_eq!(receiver.connections.get(), 2);
    });
}
