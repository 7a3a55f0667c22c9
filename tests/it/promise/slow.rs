//! Receivers that answer well and take their time: they delay nobody else.

use std::time::{Duration, Instant};

use harness::{App, Receiver, Reply, Setup, pause};
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
    // All through the time in which none of them answers.
    for n in 1..=20 {
        let begun = Instant::now();
        gateway.bolt("camera").publish("good", &json!({}));
        good.wait(n);
        assert!(
            begun.elapsed() < Duration::from_millis(2500),
            "event {n} was delayed by {:?}",
            begun.elapsed()
        );
        pause(Duration::from_millis(100));
    }
}
