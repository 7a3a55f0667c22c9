use tokio::net::{TcpListener, TcpSocket};

use super::*;
use crate::dial::{Network, connect};
use crate::failures::connect_failure;
use crate::{Dialed, Dialer, Dialing, Grant, SystemDialer};

#[test]
fn refused_addresses_are_dropped_and_the_others_tried_in_order() {
    run(async {
        let receiver = Receiver::answering(OK).await;
        // Private, documentation, nobody listening there, then the receiver.
        let resolver =
            Script::new(&[&["10.0.0.1", "192.0.2.1", "::ffff:10.0.0.1", "127.0.0.9", "127.0.0.1"]]);
        let courier = courier_asking(allowing(&["127.0.0.0/8"]), Arc::clone(&resolver) as _);
        let url = format!("http://mixed.test:{}/", receiver.addr.port());
        assert_eq!(courier.send(post(&url)).await.unwrap().status, 200);
        assert_eq!((receiver.connections.get(), resolver.asked()), (1, 1));
        assert!(
            receiver.requests.borrow()[0].contains(&format!("host: mixed.test:{}\r\n", receiver.addr.port()))
        );
        // A pooled connection needs no name.
        courier.send(post(&url)).await.unwrap();
        assert_eq!((receiver.connections.get(), resolver.asked()), (1, 1));
    });
}

#[test]
fn a_name_with_only_refused_addresses_fails_with_their_class() {
    run(async {
        for (ip, word) in [
            ("10.0.0.1", "private"),
            ("127.0.0.1", "loopback"),
            ("169.254.169.254", "metadata"),
            ("fe80::1", "link-local"),
        ] {
            let courier = courier_asking(Policy::default(), Script::new(&[&[ip]]));
            let detail = assert_failed(
                courier.send(post("http://a.test/")).await,
                FailureKind::Blocked,
                Sent::Nothing,
            );
            assert!(detail.starts_with(&format!("destination refused: {word} address {ip}")), "{detail}");
        }
    });
}

#[test]
fn a_name_that_flips_never_reaches_the_refused_address() {
    run(async {
        let listener = TcpListener::bind("127.0.0.2:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let open = Receiver::on(listener, |mut peer| async move {
            peer.request().await;
            peer.say("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").await;
        });
        let canary = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let canary = Receiver::on(canary, |mut peer| async move { drop(peer.request().await) });
        let flips: Vec<&[&str]> =
            (0..200).map(|n| if n % 2 == 0 { &["127.0.0.2"][..] } else { &["127.0.0.1"] }).collect();
        let resolver = Script::new(&flips);
        let courier = courier_asking(allowing(&["127.0.0.2/32"]), Arc::clone(&resolver) as _);
        for number in 0..200 {
            let outcome = courier.send(post(&format!("http://rebind.test:{port}/"))).await;
            if number % 2 == 0 {
                assert_eq!(outcome.unwrap().status, 200);
            } else {
                assert_failed(outcome, FailureKind::Blocked, Sent::Nothing);
            }
        }
        assert_eq!((open.connections.get(), resolver.asked()), (100, 200));
        // The control connection is the first the canary ever accepts.
        drop(TcpStream::connect(canary.addr).await.unwrap());
        until(|| canary.connections.get() > 0).await;
        assert_eq!(canary.connections.get(), 1);
    });
}

#[test]
fn a_name_without_an_answer_fails_closed() {
    run(async {
        let open = || allowing(&["0.0.0.0/0", "::/0"]);
        let empty = courier_asking(open(), Script::new(&[&[]]));
        assert_failed(empty.send(post("http://a.test/")).await, FailureKind::Dns, Sent::Nothing);
        let failing = courier_asking(open(), Arc::new(Broken::Failing));
        let detail =
            assert_failed(failing.send(post("http://a.test/")).await, FailureKind::Dns, Sent::Nothing);
        assert_eq!(detail, "a.test does not resolve");
        let silent = courier_asking(open(), Arc::new(Broken::Silent));
        let out = Outbound { deadline: after(50), ..post("http://a.test/") };
        assert_failed(silent.send(out).await, FailureKind::Timeout, Sent::Nothing);
    });
}

#[test]
fn the_name_of_a_metadata_service_is_not_even_resolved() {
    run(async {
        let resolver = Script::new(&[&["8.8.8.8"]]);
        let courier = courier_asking(allowing(&["0.0.0.0/0"]), Arc::clone(&resolver) as _);
        let url = "http://Metadata.Google.Internal./computeMetadata/v1/";
        let out = Outbound { grants: Arc::from([Grant::for_target(&target(url))]), ..post(url) };
        assert_failed(courier.send(out).await, FailureKind::Blocked, Sent::Nothing);
        assert_eq!(resolver.asked(), 0);
    });
}

#[test]
fn nobody_listening_is_refused_and_nothing_was_sent() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        drop(listener);
        let outcome = loopback_courier().send(post(&format!("http://{addr}/"))).await;
        assert_eq!(
            assert_failed(outcome, FailureKind::Refused, Sent::Nothing),
            format!("connection refused by {addr}")
        );
    });
}

#[test]
fn a_silent_first_address_leaves_time_for_the_second() {
    run(async {
        let receiver = Receiver::answering(OK).await;
        let port = receiver.addr.port();
        // A full backlog drops every further connection request without a word.
        let full = TcpSocket::new_v4().unwrap();
        full.bind(format!("127.0.0.2:{port}").parse().unwrap()).unwrap();
        let full = full.listen(1).unwrap();
        let mut filling = Vec::new();
        while let Ok(stream) =
            tokio::time::timeout(Duration::from_millis(200), TcpStream::connect(full.local_addr().unwrap()))
                .await
        {
            filling.push(stream.unwrap());
        }
        let courier = courier_asking(allowing(&["127.0.0.0/8"]), Script::new(&[&["127.0.0.2", "127.0.0.1"]]));
        let url = format!("http://both.test:{port}/");
        let out = Outbound { deadline: after(1000), ..post(&url) };
        assert_eq!(courier.send(out).await.unwrap().status, 200);
        let courier = courier_asking(allowing(&["127.0.0.0/8"]), Script::new(&[&["127.0.0.2"]]));
        let out = Outbound { deadline: after(200), ..post(&url) };
        assert_failed(courier.send(out).await, FailureKind::Timeout, Sent::Nothing);
    });
}

#[test]
fn our_own_listener_is_refused_even_when_granted() {
    run(async {
        let receiver = Receiver::answering(OK).await;
        for own in [receiver.addr, SocketAddr::new("0.0.0.0".parse().unwrap(), receiver.addr.port())] {
            let policy = Policy::new(vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()], vec![own]);
            let courier = courier_asking(policy, Script::new(&[&["127.0.0.1"]]));
            for host in ["127.0.0.1", "0.0.0.0", "[::ffff:127.0.0.1]", "localhost", "0x7f.1"] {
                let url = format!("http://{host}:{}/", receiver.addr.port());
                let out = Outbound { grants: Arc::from([Grant::for_target(&target(&url))]), ..post(&url) };
                let detail = assert_failed(courier.send(out).await, FailureKind::Blocked, Sent::Nothing);
                assert!(detail.contains("own listener"), "{detail}");
            }
        }
        assert_eq!(loopback_courier().send(post(&receiver.url())).await.unwrap().status, 200);
        assert_eq!(receiver.connections.get(), 1);
    });
}

#[test]
fn a_grant_is_for_its_own_port_only() {
    run(async {
        let (granted, other) = (Receiver::answering(OK).await, Receiver::answering(OK).await);
        let courier = Courier::new(options(Policy::default()).share());
        let grants: Arc<[Grant]> = Arc::from([Grant::for_target(&target(&granted.url()))]);
        let to = |url: &str| Outbound { grants: Arc::clone(&grants), ..post(url) };
        assert_eq!(courier.send(to(&granted.url())).await.unwrap().status, 200);
        assert_failed(courier.send(to(&other.url())).await, FailureKind::Blocked, Sent::Nothing);
        let named = format!("http://localhost:{}/", granted.addr.port());
        assert_failed(courier.send(to(&named)).await, FailureKind::Blocked, Sent::Nothing);
    });
}

#[test]
fn a_granted_name_opens_only_the_classes_it_had() {
    run(async {
        let receiver = Receiver::answering(OK).await;
        let url = format!("http://shop.test:{}/", receiver.addr.port());
        let courier = courier_asking(Policy::default(), Script::new(&[&["127.0.0.1"]]));
        let to = |words: &[&str]| {
            let seen = AddressClasses::of_words(words.iter().copied());
            Outbound { grants: Arc::from([Grant::with_classes(&target(&url), seen)]), ..post(&url) }
        };
        let detail = assert_failed(courier.send(to(&["public"])).await, FailureKind::Blocked, Sent::Nothing);
        assert!(detail.contains("shop.test had no such address when its URL was saved"), "{detail}");
        assert_eq!(courier.send(to(&["this_machine"])).await.unwrap().status, 200);
        // What was opened under the wider grant does not serve the narrower one.
        assert_eq!(courier.idle_connections(), 1);
        assert_failed(courier.send(to(&["public"])).await, FailureKind::Blocked, Sent::Nothing);
        assert_failed(courier.send(to(&[])).await, FailureKind::Blocked, Sent::Nothing);
        let local = format!("http://localhost:{}/", receiver.addr.port());
        let out = Outbound { grants: Arc::from([Grant::for_target(&target(&local))]), ..post(&local) };
        assert_eq!(courier.send(out).await.unwrap().status, 200, "localhost is nobody else's");
    });
}

#[test]
fn the_system_knows_its_own_addresses() {
    assert!(SystemDialer.is_local("127.0.0.1".parse().unwrap()));
    assert!(!SystemDialer.is_local("192.0.2.77".parse().unwrap()));
}

/// A dialer that finds no free descriptor.
pub(super) struct NoDescriptor;

impl Dialer for NoDescriptor {
    fn dial(&self, _: SocketAddr) -> Dialing<'_> {
        Box::pin(async { Err(io::Error::from_raw_os_error(24)) })
    }
}

#[test]
fn a_shortage_of_this_server_is_not_the_receivers_failure() {
    run(async {
        let courier = Courier::new(
            CourierOptions { dialer: Arc::new(NoDescriptor), ..options(allowing(&["127.0.0.0/8"])) }.share(),
        );
        assert_failed(courier.send(post("http://127.0.0.1:9/")).await, FailureKind::Local, Sent::Nothing);
        for (code, kind) in [(23, FailureKind::Local), (12, FailureKind::Local), (111, FailureKind::Refused)]
        {
            let error = io::Error::from_raw_os_error(code);
            assert_eq!(connect_failure("127.0.0.1:9".parse().unwrap(), &error).kind, kind, "{error}");
        }
    });
}

fn network<'a>(policy: &'a Policy, resolver: &'a Script) -> Network<'a> {
    Network { policy, resolver, dialer: &SystemDialer }
}

#[test]
fn the_peer_of_a_connection_is_checked_again() {
    run(async {
        let receiver = Receiver::answering(OK).await;
        let port = receiver.addr.port();
        let (resolver, all) = (Script::new(&[&[]]), Some(AddressClasses::ALL));
        // Every address of this machine behind `0.0.0.0`, also one that only the kernel knows to be ours.
        let own = Policy::new(Vec::new(), vec![SocketAddr::new("0.0.0.0".parse().unwrap(), port)]);
        let failure = connect(network(&own, &resolver), receiver.addr, all).await.unwrap_err();
        assert!(failure.detail.contains("own listener"), "{failure}");
        // Dialled as one address, landed at another.
        let any = SocketAddr::new("0.0.0.0".parse().unwrap(), port);
        let failure = connect(network(&allowing(&["0.0.0.0/32"]), &resolver), any, None).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Blocked);
        assert!(failure.detail.contains("loopback address 127.0.0.1"), "{failure}");
        let open = connect(network(&Policy::default(), &resolver), receiver.addr, all).await.unwrap();
        assert!(open.sends_at_once());
    });
}

/// A network without sockets: every connection leads to this peer, which answers with 200 and counts.
struct Pipes {
    peer: SocketAddr,
    dialed: Mutex<Vec<SocketAddr>>,
}

impl Dialer for Pipes {
    fn dial(&self, addr: SocketAddr) -> Dialing<'_> {
        self.dialed.lock().unwrap().push(addr);
        let (ours, mut theirs) = tokio::io::duplex(4096);
        tokio::spawn(async move {
            while theirs.read(&mut [0; 4096]).await.is_ok_and(|count| count > 0) {
                theirs.write_all(OK.as_bytes()).await.unwrap();
            }
        });
        Box::pin(async move { Ok(Dialed::other(ours, "192.0.2.7:9".parse().unwrap(), self.peer)) })
    }
}

#[test]
fn a_dialer_gets_only_allowed_addresses_and_its_peer_is_checked() {
    run(async {
        let public: SocketAddr = "93.184.215.14:80".parse().unwrap();
        for (peer, refused) in [(public, None), ("10.0.0.1:80".parse().unwrap(), Some("private address"))] {
            let pipes = Arc::new(Pipes { peer, dialed: Mutex::default() });
            let dialer = Arc::clone(&pipes) as _;
            let resolver = Script::new(&[&["127.0.0.1", "93.184.215.14"]]);
            let options = CourierOptions { resolver, dialer, ..options(Policy::default()) };
            let courier = Courier::new(options.share());
            for _ in 0..2 {
                match (courier.send(post("http://a.test/")).await, refused) {
                    (Ok(answer), None) => assert_eq!(answer.status, 200),
                    (outcome, word) => {
                        let detail = assert_failed(outcome, FailureKind::Blocked, Sent::Nothing);
                        assert!(detail.contains(word.unwrap()), "{detail}");
                    }
                }
            }
            let dials = if refused.is_some() { 2 } else { 1 };
            assert_eq!(*pipes.dialed.lock().unwrap(), vec![public; dials], "kept, unless refused");
            assert_eq!(courier.idle_connections(), 2 - dials);
        }
    });
}
