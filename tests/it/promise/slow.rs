//! Receivers that answer successfully but slowly delay no other.

use std::time::{Duration, Instant};

use harness::{App, Receiver, Reply, Setup, pause, until};
use serde_json::json;

#[test]
fn many_slow_receivers_with_a_backlog_do_not_delay_another_app() {
    let slow = Receiver::start();
    let good = Receiver::start();
    slow.always(Reply::json("{}").after(Duration::from_secs(5)));
    let apps = (0..8).map(|n| format!("slow{n}"));
    let setup = apps.clone().fold(Setup::new(), |setup, name| setup.app(App::new(&name)));
    let gateway = setup.app(App::new("camera")).app(App::new("good")).start();
    gateway.bolt("good").web("camera/good", &good.url("/"));
    for app in apps {
        for n in 0..8 {
            gateway.bolt(&app).web("camera/slow", &slow.url(&format!("/{app}/{n}")));
        }
    }
    for _ in 0..20 {
        gateway.bolt("camera").publish("slow", &json!({}));
    }
    slow.wait(128);
    // During the whole time in which none of them answers.
    for n in 1..=20 {
        let begun = Instant::now();
        gateway.bolt("camera").publish("good", &json!({}));
        good.wait(n);
        assert!(begun.elapsed() < Duration::from_secs(4), "event {n} was delayed by {:?}", begun.elapsed());
        pause(Duration::from_millis(100));
    }
}

/// Deliveries to a receiver that never answers use their complete schedule, eight at a time, and end dead.
#[test]
fn a_hanging_receiver_does_not_delay_other_retries() {
    let hanging = Receiver::start();
    hanging.always(Reply::hang());
    let mut gateway = Setup::new()
        .set("egress", "timeout", r#""1s""#)
        .set("retry", "schedule", r#"["1s", "1s"]"#)
        .app(App::new("camera"))
        .app(App::new("fax"))
        .start();
    gateway.bolt("fax").web("x", &hanging.url("/x"));
    for _ in 0..40 {
        gateway.bolt("camera").publish("x", &json!({}));
    }
    // 120 attempts of one second: 15 s with eight at a time, two minutes with one.
    until("forty dead", Duration::from_mins(1), || {
        gateway.metric("footbridge_deliveries_total", "outcome=\"dead\"") == 40
    });
    assert_eq!(hanging.count(), 120);
    gateway.assert_healthy();
}
