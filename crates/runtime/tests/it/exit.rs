//! The end of runs: however a run ends, none of its processes remains.

use crate::kit::{Kit, SERVER, app, get, living, parent, until};
use std::time::{Duration, Instant};

/// Starts processes in new sessions, which no signal to the process group reaches.
const SCATTER: &str = "(setsid sh -c 'trap \"\" TERM; (setsid sleep 1000 &) ; sleep 1000' &)\n";

#[tokio::test]
async fn a_stop_ends_processes_that_left_the_session() {
    let mut kit = Kit::new();
    let order = kit.command(
        "shop",
        &[("server.js", SERVER), ("run.sh", &format!("{SCATTER}exec node server.js"))],
        &["sh", "run.sh"],
    );
    kit.start(&order).await.unwrap();
    until("all are there", || living(&kit.mark()).len() >= 4).await;
    let before = Instant::now();
    kit.runtime.stop(app("shop")).await;
    assert!(
        before.elapsed() < Duration::from_secs(8),
        "the stop does not wait for processes outside of the group"
    );
    assert_eq!(living(&kit.mark()), [0; 0]);
    assert!(kit.exit().await.stopped);
}

#[tokio::test]
async fn a_crash_is_reported_and_ends_all_processes_of_the_run() {
    let mut kit = Kit::new();
    let source = format!(
        "setTimeout(() => process.exit(3), 1e9); process.on('SIGUSR1', () => process.exit(3)); {SERVER}"
    );
    let order = kit.command(
        "shop",
        &[("server.js", &source), ("run.sh", &format!("sleep 1000 &\n{SCATTER}exec node server.js"))],
        &["sh", "run.sh"],
    );
    let running = kit.start(&order).await.unwrap();
    get(running.address);
    signal(running.pid, rustix::process::Signal::USR1);
    let exit = kit.exit().await;
    assert!(!exit.stopped && exit.how == "exit code 3" && exit.run == running.run, "{exit:?}");
    assert_eq!(living(&kit.mark()), [0; 0]);
    let again = kit.start(&order).await.unwrap();
    assert!(again.run > running.run, "a start after the report of the end is a new run");
    signal(again.pid, rustix::process::Signal::KILL);
    assert_eq!(kit.exit().await.how, "killed by signal 9");
}

#[tokio::test]
async fn an_exception_in_the_host_is_reported() {
    let mut kit = Kit::new();
    let source = "module.exports = (q, s) => { s.end('bye'); setImmediate(() => { throw new Error('no cups left') }); }";
    let running = kit.start(&kit.hosted("shop", source)).await.unwrap();
    assert_eq!(get(running.address), "bye");
    let exit = kit.exit().await;
    assert!(!exit.stopped && exit.how.contains("no cups left"), "{exit:?}");
    kit.wait_for_line("shop", "app.js:1").await;
}

#[tokio::test]
async fn an_app_that_ignores_sigterm_is_killed() {
    let mut kit = Kit::new();
    let source = format!("process.on('SIGTERM', () => console.log('no')); {SERVER}");
    kit.start(&kit.server("shop", &source)).await.unwrap();
    let before = Instant::now();
    kit.runtime.stop(app("shop")).await;
    let waited = before.elapsed();
    assert!(waited >= Duration::from_secs(9) && waited < Duration::from_secs(20), "{waited:?}");
    assert_eq!(living(&kit.mark()), [0; 0]);
    assert_eq!(kit.exit().await.how, "killed by signal 9");
    kit.wait_for_line("shop", "no").await;
}

#[tokio::test]
async fn a_stop_waits_for_all_members_of_the_process_group() {
    let mut kit = Kit::new();
    // The shell dies of SIGTERM at once; the server behind it needs a moment.
    let source = format!(
        "process.on('SIGTERM', () => setTimeout(() => {{ console.log('finished'); process.exit(0) }}, 300)); {SERVER}"
    );
    let order = kit.command(
        "shop",
        &[("server.js", &source), ("run.sh", "node server.js &\nwait")],
        &["sh", "run.sh"],
    );
    kit.start(&order).await.unwrap();
    kit.runtime.stop(app("shop")).await;
    assert!(kit.exit().await.stopped);
    kit.wait_for_line("shop", "finished").await;
    assert_eq!(living(&kit.mark()), [0; 0]);
}

#[tokio::test]
async fn a_stop_cancels_a_start() {
    let kit = Kit::new();
    let start = tokio::spawn(kit.runtime.start(kit.script("shop", &format!("{SCATTER}echo up; sleep 1000"))));
    kit.wait_for_line("shop", "up").await;
    kit.runtime.stop(app("shop")).await;
    assert!(start.await.unwrap().unwrap_err().why.contains("stopped"));
    assert_eq!(living(&kit.mark()), [0; 0]);
}

#[tokio::test]
async fn a_killed_helper_ends_its_run() {
    let mut kit = Kit::new();
    let order = kit.command(
        "shop",
        &[("server.js", SERVER), ("run.sh", &format!("{SCATTER}exec node server.js"))],
        &["sh", "run.sh"],
    );
    let running = kit.start(&order).await.unwrap();
    let mut helper = running.pid;
    while parent(helper) != std::process::id() {
        helper = parent(helper);
    }
    signal(helper, rustix::process::Signal::KILL);
    assert!(!kit.exit().await.stopped);
    assert_eq!(living(&kit.mark()), [0; 0]);
    kit.start(&order).await.unwrap();
}

fn signal(pid: u32, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}
