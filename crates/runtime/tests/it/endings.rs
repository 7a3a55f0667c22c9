//! However a run ends, nothing of it is left.

use crate::kit::{Kit, SERVER, app, get, living, parent, until};
use std::time::{Duration, Instant};

/// Leaves descendants in sessions of their own behind, which no group signal reaches.
const SCATTER: &str = "(setsid sh -c 'trap \"\" TERM; (setsid sleep 1000 &) ; sleep 1000' &)\n";

#[tokio::test]
async fn a_stop_reaches_what_left_its_session() {
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
    assert!(before.elapsed() < Duration::from_secs(8), "nobody waits for those that left the group");
    assert_eq!(living(&kit.mark()), [0; 0]);
    assert!(kit.exit().await.stopped);
}

#[tokio::test]
async fn a_crash_is_noticed_at_once_and_takes_the_rest_along() {
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
    assert!(again.run > running.run, "whoever hears of the end gets a new run");
    signal(again.pid, rustix::process::Signal::KILL);
    assert_eq!(kit.exit().await.how, "killed by signal 9");
}

#[tokio::test]
async fn an_exception_in_the_host_is_told() {
    let mut kit = Kit::new();
    let source = "module.exports = (q, s) => { s.end('bye'); setImmediate(() => { throw new Error('no cups left') }); }";
    let running = kit.start(&kit.hosted("shop", source)).await.unwrap();
    assert_eq!(get(running.address), "bye");
    let exit = kit.exit().await;
    assert!(!exit.stopped && exit.how.contains("no cups left"), "{exit:?}");
    kit.until_said("shop", "app.js:1").await;
}

#[tokio::test]
async fn who_ignores_sigterm_is_killed() {
    let mut kit = Kit::new();
    let source = format!("process.on('SIGTERM', () => console.log('no')); {SERVER}");
    kit.start(&kit.server("shop", &source)).await.unwrap();
    let before = Instant::now();
    kit.runtime.stop(app("shop")).await;
    let waited = before.elapsed();
    assert!(waited >= Duration::from_secs(9) && waited < Duration::from_secs(20), "{waited:?}");
    assert_eq!(living(&kit.mark()), [0; 0]);
    assert_eq!(kit.exit().await.how, "killed by signal 9");
    kit.until_said("shop", "no").await;
}

#[tokio::test]
async fn members_of_its_group_may_finish_their_work() {
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
    kit.until_said("shop", "finished").await;
    assert_eq!(living(&kit.mark()), [0; 0]);
}

#[tokio::test]
async fn a_stop_ends_a_start_under_way() {
    let kit = Kit::new();
    let start = tokio::spawn(kit.runtime.start(kit.script("shop", &format!("{SCATTER}echo up; sleep 1000"))));
    kit.until_said("shop", "up").await;
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
