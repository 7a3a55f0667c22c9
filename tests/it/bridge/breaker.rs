//! The circuit breaker: it opens for a recipient that cannot be reached, never for one that refuses.

use std::time::{Duration, Instant};

use harness::{App, Receiver, Reply, assert_bridge_error, refused_address, until};

use super::pair::{event, hurried_pair, pair, setup};

#[test]
fn twenty_refused_connections_open_it_and_a_probe_closes_it() {
    let gone = refused_address();
    let receiver = Receiver::start();
    let gateway = setup(&receiver)
        .app(App::new("flaky").receiver(&format!("http://{gone}/")))
        .link("superapp", "flaky")
        .start();
    let send = || gateway.host("superapp").send(event("1").replace("shop", "flaky"));
    for n in 0..20 {
        let answer = send();
        assert_eq!(answer.status, 502, "attempt {n}: {}", answer.text());
    }
    let begun = Instant::now();
    let open = send();
    assert!(assert_bridge_error(&open, 503, "EVENT_DELIVERY_FAILED").is_some());
    assert!(begun.elapsed() < Duration::from_secs(5), "an open breaker answers at once");
    // Other recipients of the same sender are not affected.
    gateway.host("superapp").send(event("1")).expect(200);
    let back = Receiver::start_on(gone);
    assert_eq!(send().status, 503, "it is too early for a probe");
    until("the probe", Duration::from_secs(20), || send().status == 200);
    send().expect(200);
    assert!(back.count() >= 2);
}

#[test]
fn timeouts_open_it_too() {
    let (gateway, receiver) = hurried_pair("300ms");
    receiver.at("/shop", Reply::hang());
    let calls: Vec<_> = (0..20).map(|_| gateway.host("superapp").call(event("1")).spawn()).collect();
    for call in calls {
        assert_bridge_error(&call.join().unwrap().unwrap(), 504, "EVENT_DELIVERY_FAILED");
    }
    assert_bridge_error(&gateway.host("superapp").send(event("1")), 503, "EVENT_DELIVERY_FAILED");
}

#[test]
fn a_status_or_a_bad_body_never_opens_it() {
    let (gateway, receiver) = pair();
    for reply in [Reply::status(500), Reply::status(503), Reply::json("not JSON")] {
        receiver.at("/shop", reply);
        for _ in 0..22 {
            assert_bridge_error(&gateway.host("superapp").send(event("1")), 502, "EVENT_DELIVERY_FAILED");
        }
    }
    assert_eq!(receiver.count(), 66);
}

#[test]
fn fewer_than_seven_in_ten_do_not_open_it() {
    let (gateway, receiver) = pair();
    for n in 0..40 {
        receiver.at("/shop", if n % 2 == 0 { Reply::reset() } else { Reply::json("{}") });
        let status = gateway.host("superapp").send(event("1")).status;
        assert_eq!(status, if n % 2 == 0 { 502 } else { 200 }, "at {n}");
    }
}
