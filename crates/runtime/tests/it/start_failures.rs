//! Starts that fail, and the reasons that are reported.

use crate::kit::{Kit, SERVER, app, living, options, root};
use footbridge_model::run::StartOrder;
use footbridge_runtime::{Runtime, RuntimeError};
use std::fs;
use std::net::TcpListener;
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(1500);

/// Starts an app that fails, checks that no process remains, and returns the reason.
async fn why(kit: &Kit, order: &StartOrder) -> String {
    let failure = kit.start(order).await.unwrap_err();
    assert_eq!(failure.again_in, Duration::from_secs(1));
    assert_eq!(living(&kit.mark()), [0; 0], "{failure}");
    kit.wait_for_line(order.app.as_str(), "not started").await;
    failure.why
}

/// Asserts that a text has all of these parts.
fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }
}

#[tokio::test]
async fn an_app_that_exits_before_it_listens_is_reported_with_its_last_lines() {
    let kit = Kit::new();
    let reason = why(&kit, &kit.script("shop", "echo first; echo no database >&2; exit 4")).await;
    has(&reason, &["exit code 4", "no database"]);
    let reason = why(&kit, &kit.hosted("host", "throw new Error('no soup')")).await;
    has(&reason, &["no soup"]);
}

#[tokio::test]
async fn an_app_that_never_listens_is_reported() {
    let kit = Kit::with(|options| options.start_timeout = SHORT);
    has(&why(&kit, &kit.script("shop", "sleep 1000")).await, &["did not listen within 1.5s", "PORT"]);
    has(&why(&kit, &kit.hosted("host", "for (;;);")).await, &["not loaded within 1.5s"]);
}

#[tokio::test]
async fn an_app_that_listens_on_another_port_is_reported() {
    let kit = Kit::with(|options| options.start_timeout = SHORT);
    let other = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let source = format!("require('http').createServer(() => {{}}).listen({}, '127.0.0.1')", other.port());
    has(&why(&kit, &kit.server("shop", &source)).await, &[&other.to_string(), "PORT"]);
}

#[tokio::test]
async fn another_process_on_the_port_is_not_mistaken_for_the_app() {
    let kit = Kit::new();
    let order = kit.script("shop", "echo port $PORT; sleep 1000");
    let start = tokio::spawn(kit.runtime.start(order));
    let line = kit.wait_for_line("shop", "port ").await;
    let port: u16 = line.trim_start_matches("port ").parse().unwrap();
    let _mine = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let failure = start.await.unwrap().unwrap_err();
    has(&failure.why, &[&format!("port {port}"), "taken by process", &std::process::id().to_string()]);
    assert_eq!(living(&kit.mark()), [0; 0]);
}

#[tokio::test]
async fn a_command_that_cannot_be_executed_is_reported() {
    let kit = Kit::new();
    has(&why(&kit, &kit.command("a", &[], &["./gone"])).await, &["no ./gone in", "footbridge.command"]);
    has(
        &why(&kit, &kit.command("b", &[], &["no-such-program"])).await,
        &["cannot find no-such-program in the PATH", "./no-such-program"],
    );
    has(&why(&kit, &kit.command("c", &[("run", "#!/bin/sh\n")], &["./run"])).await, &["chmod +x"]);
    let order = kit.server("d", SERVER);
    fs::remove_dir_all(&order.package.path).unwrap();
    has(&why(&kit, &order).await, &["directory", "is gone"]);
}

#[tokio::test]
async fn a_missing_node_is_reported() {
    let kit = Kit::with(|options| options.environment = vec![("PATH".into(), "/nowhere".into())]);
    has(&why(&kit, &kit.hosted("shop", "")).await, &["node is not in the PATH (/nowhere)"]);
}

#[tokio::test]
async fn repeated_failures_delay_the_next_start() {
    let mut kit = Kit::new();
    let order = kit.server("shop", &format!("{SERVER}.on('request', () => process.exit(1))"));
    for _ in 0..5 {
        let running = kit.start(&order).await.unwrap();
        crate::kit::poke(running.address);
        assert!(!kit.exit().await.stopped);
    }
    let failure = kit.start(&order).await.unwrap_err();
    has(&failure.why, &["crashed repeatedly", "exit code 1"]);
    assert!(failure.again_in > Duration::from_secs(8) && failure.again_in <= Duration::from_secs(10));
    kit.runtime.forget(&app("shop"));
    kit.start(&order).await.unwrap();
}

#[tokio::test]
async fn the_user_is_checked_when_the_runtime_opens() {
    let dir = tempfile::tempdir().unwrap();
    let open = |user: Option<&str>| {
        let mut options = options(dir.path());
        options.user = user.map(str::to_owned);
        Runtime::open(options)
    };
    assert!(matches!(open(Some("no-such-user")), Err(RuntimeError::UnknownUser(_))));
    assert!(!dir.path().join("state").exists(), "an error must not leave a state directory behind");
    if root() {
        let opened = open(None).unwrap();
        assert!(opened.runtime.warnings().iter().any(|warning| warning.contains("apps cannot start")));
        let kit = Kit::with(|options| options.user = None);
        has(
            &kit.start(&kit.server("shop", SERVER)).await.unwrap_err().why,
            &["[runtime]", "user = \"nobody\""],
        );
        let warnings = open(Some("root")).unwrap().runtime.warnings();
        assert!(warnings.iter().any(|warning| warning.contains("the server's secrets")), "{warnings:?}");
    } else {
        assert!(matches!(open(Some("root")), Err(RuntimeError::CannotSwitch(_))));
    }
}
