//! Starting, listening, stopping and exiting.

use crate::kit::{HANDLER, Kit, SERVER, app, get, living};
use footbridge_model::run::Stream;

#[tokio::test]
async fn a_command_starts_answers_and_stops() {
    let mut kit = Kit::new();
    let order = kit.server("shop", SERVER);
    let running = kit.start(&order).await.unwrap();
    assert!(running.address.ip().is_loopback());
    assert_eq!(get(running.address), "hi shop");
    assert_eq!(kit.start(&order).await.unwrap(), running, "starting a running app returns its run");
    kit.runtime.stop(app("shop")).await;
    let exit = kit.exit().await;
    assert!(exit.stopped && exit.run == running.run && exit.app == app("shop"), "{exit:?}");
    assert!(living(&kit.mark()).is_empty());
    let lines = kit.lines("shop", Stream::Server);
    assert!(lines[0].starts_with("started") && lines[1].starts_with("listening"), "{lines:?}");
    assert!(lines[2].starts_with("stopped"), "{lines:?}");
    assert!(kit.start(&order).await.unwrap().run > running.run);
}

#[tokio::test]
async fn a_handler_starts_in_the_host() {
    let mut kit = Kit::new();
    let running = kit.start(&kit.hosted("shop", HANDLER)).await.unwrap();
    assert_eq!(get(running.address), "hosted");
    kit.wait_for_line("shop", "loaded").await;
    kit.runtime.stop_all().await;
    let exit = kit.exit().await;
    assert!(exit.stopped && exit.how == "exit code 0", "{exit:?}");
}

#[tokio::test]
async fn many_starts_at_once_are_one_run() {
    let kit = Kit::new();
    let order = kit.server("shop", SERVER);
    let starts: Vec<_> = (0..100).map(|_| tokio::spawn(kit.runtime.start(order.clone()))).collect();
    let mut runs = Vec::new();
    for start in starts {
        runs.push(start.await.unwrap().unwrap());
    }
    runs.dedup();
    assert_eq!(runs.len(), 1);
    assert_eq!(
        kit.lines("shop", Stream::Server).iter().filter(|line| line.starts_with("started")).count(),
        1
    );
}

#[tokio::test]
async fn apps_start_and_stop_in_parallel() {
    let kit = Kit::with(|options| options.start_timeout = std::time::Duration::from_mins(1));
    let stuck = kit.script("stuck", "sleep 1000");
    let waiting = tokio::spawn(kit.runtime.start(stuck));
    for name in ["a", "b", "c"] {
        let running = kit.start(&kit.server(name, SERVER)).await.unwrap();
        assert_eq!(get(running.address), format!("hi {name}"));
    }
    kit.runtime.stop_all().await;
    assert!(waiting.await.unwrap().unwrap_err().why.contains("stopped while it was starting"));
    assert!(living(&kit.mark()).is_empty());
}

#[tokio::test]
async fn a_start_during_a_stop_follows_the_stop() {
    let mut kit = Kit::new();
    let order = kit.server("shop", SERVER);
    let first = kit.start(&order).await.unwrap();
    let stop = tokio::spawn(kit.runtime.stop(app("shop")));
    let exit = kit.exit().await;
    let second = kit.start(&order).await.unwrap();
    stop.await.unwrap();
    assert!(exit.run == first.run && second.run > first.run);
    assert_eq!(get(second.address), "hi shop");
}

#[tokio::test]
async fn stopping_an_app_that_does_not_run_succeeds_at_once() {
    let kit = Kit::new();
    kit.runtime.stop(app("nobody")).await;
    kit.runtime.stop_all().await;
}
