//! Worker processes: start, end and privileges.

use crate::stage::{Stage, children, options, until, worker};
use footbridge_functions::FunctionOptions;
use footbridge_model::name::AppName;
use footbridge_model::run::FunctionCall;
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Waits for workers that are not in `before` and returns them.
async fn new_workers(before: &BTreeSet<u32>) -> Vec<u32> {
    until("a worker runs", || children() != *before).await;
    children().difference(before).copied().collect()
}

/// Kills a process and waits until it has closed its files; its memory is gone before that.
async fn kill(id: u32) {
    kill_process(Pid::from_raw(i32::try_from(id).unwrap()).unwrap(), Signal::KILL).unwrap();
    until("it has ended", || has_ended(id)).await;
}

fn has_ended(id: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with(['Z', 'X']))
}

#[tokio::test]
async fn a_killed_worker_fails_only_its_own_call() {
    let stage = Stage::new();
    let before = children();
    // The memory that the function fills after its console line shows from outside that the line has been written.
    let source = "module.exports = () => {
        console.log('started');
        const filled = new Uint8Array(24 << 20).fill(1);
        for (;;) filled[0] += 1;
    }";
    let call = stage.prepare("shop", "loop.js", source, "{}");
    let running = tokio::spawn(stage.functions.call(call));
    for id in new_workers(&before).await {
        until("it has written its log", || resident_bytes(id) > 24 << 20).await;
        kill(id).await;
    }
    let failure = running.await.unwrap().unwrap_err();
    assert!(failure.message.contains("ended before the function did (killed by signal 9)"), "{failure}");
    assert_eq!((failure.log.as_str(), failure.timed_out), ("started\n", false));

    assert_eq!(stage.value("return 1").await.unwrap(), "1");
    for id in new_workers(&before).await {
        kill(id).await;
    }
    assert_eq!(stage.value("return 2").await.unwrap(), "2", "an idle worker that was killed is replaced");
}

/// The resident memory of process `id` in bytes.
fn resident_bytes(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().map_or(0, |kib: u64| kib << 10)
}

#[tokio::test]
async fn a_worker_has_no_privileges() {
    let stage = Stage::new();
    let before = children();
    stage.value("").await;
    let [id] = new_workers(&before).await[..] else { panic!("one worker") };
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let limits = fs::read_to_string(format!("/proc/{id}/limits")).unwrap();
    let line = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line(&status, "NoNewPrivs"), "NoNewPrivs: 1");
    assert_eq!(line(&status, "Threads"), "Threads: 1");
    for set in ["CapInh", "CapPrm", "CapEff"] {
        assert_eq!(line(&status, set), format!("{set}: 0000000000000000"));
    }
    for (limit, value) in [
        ("Max open files", "Max open files 3 3 files"),
        ("Max processes", "Max processes 0 0 processes"),
        ("Max core file size", "Max core file size 0 0 bytes"),
        ("Max file size", "Max file size 0 0 bytes"),
    ] {
        assert_eq!(line(&limits, limit), value);
    }
    assert!(!line(&limits, "Max address space").contains("unlimited"));
    assert!(!line(&limits, "Max cpu time").starts_with("Max cpu time unlimited"));
    assert_eq!(fs::read(format!("/proc/{id}/environ")).unwrap_or_default(), b"");
    if rustix::process::geteuid().is_root() {
        assert_eq!(line(&status, "Uid"), "Uid: 65534 65534 65534 65534");
        assert_eq!(line(&status, "Gid"), "Gid: 65534 65534 65534 65534");
        assert_eq!(line(&status, "Groups"), "Groups:");
    }
}

#[tokio::test]
async fn fifty_calls_at_once_succeed() {
    let stage = Stage::new();
    let source = "module.exports = async (event) => { await new Promise((end) => setTimeout(end, 2)); return event.n }";
    let call = stage.prepare("", "f.js", source, "");
    let calls: Vec<_> = (0..50)
        .map(|n| {
            let (app, event) = (AppName::trusted(&format!("app{}", n % 7)), format!("{{\"n\":{n}}}").into());
            tokio::spawn(stage.functions.call(FunctionCall { app, event, ..call.clone() }))
        })
        .collect();
    for (n, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.unwrap().unwrap().value.unwrap(), n.to_string());
    }
}

#[tokio::test]
async fn an_app_in_a_loop_does_not_delay_other_apps() {
    let stage = Stage::with(FunctionOptions { timeout: Duration::from_secs(8), workers: 2, ..options() });
    let before = children();
    let loops: Vec<_> = (0..4)
        .map(|_| stage.prepare("greedy", "loop.js", "for (;;);", "{}"))
        .map(|call| tokio::spawn(stage.functions.call(call)))
        .collect();
    new_workers(&before).await;
    let start = Instant::now();
    assert_eq!(stage.value("return 1").await.unwrap(), "1");
    assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
    loops.iter().for_each(tokio::task::JoinHandle::abort);
}

#[test]
fn calls_may_come_from_any_thread_and_runtime() {
    let stage = Stage::new();
    let call = stage.prepare("shop", "f.js", "exports.default = (e) => e", "");
    std::thread::scope(|scope| {
        for n in 0..4 {
            let future = stage.functions.call(FunctionCall { event: n.to_string().into(), ..call.clone() });
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                assert_eq!(runtime.block_on(future).unwrap().value.unwrap(), n.to_string());
            });
        }
    });
}

#[tokio::test]
async fn workers_end_with_the_last_handle() {
    let before = children();
    let stage = Stage::new();
    let slow = stage.prepare(
        "shop",
        "f.js",
        "module.exports = () => new Promise((end) => setTimeout(end, 50, 1))",
        "{}",
    );
    let last = stage.functions.call(slow);
    drop(stage.functions);
    assert_eq!(last.await.unwrap().value.unwrap(), "1", "a call in progress is still answered");
    until("all are gone", || children() == before).await;
}

const LIMITS: &str =
    r#"{"timeout":{"secs":60,"nanos":0},"memory":16777216,"output":10,"publishes":1,"log":10}"#;

fn frame(text: &str) -> Vec<u8> {
    let length = u32::try_from(text.len()).unwrap().to_le_bytes();
    [&length, text.as_bytes()].concat()
}

/// Starts a worker whose pipes the test holds, and waits until it is ready.
fn ready(command: &mut Command) -> Child {
    let mut worker = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    worker.stdin.as_mut().unwrap().write_all(&frame(LIMITS)).unwrap();
    assert_eq!(read_message(&mut worker), r#""Ready""#);
    worker
}

fn read_message(worker: &mut Child) -> String {
    let (out, mut length) = (worker.stdout.as_mut().unwrap(), [0; 4]);
    out.read_exact(&mut length).unwrap();
    let mut text = vec![0; u32::from_le_bytes(length) as usize];
    out.read_exact(&mut text).unwrap();
    String::from_utf8(text).unwrap()
}

#[test]
fn a_worker_ends_when_its_input_is_closed() {
    let mut worker = ready(&mut Command::new(worker()));
    drop(worker.stdin.take());
    assert!(worker.wait().unwrap().success());
}

#[test]
fn a_busy_worker_ends_with_its_server() {
    // The shell takes the place of the server. The test keeps the pipes open.
    let mut server = ready(Command::new("sh").arg("-c").arg("exec 3<&0; \"$0\" <&3 & wait").arg(worker()));
    let call = r#"{"app":"a","file":"f.js","source":"console.log('on'); for (;;);","event":{}}"#;
    server.stdin.as_mut().unwrap().write_all(&frame(call)).unwrap();
    assert_eq!(read_message(&mut server), r#"{"Logged":"on\n"}"#);
    server.kill().unwrap();
    let mut rest = Vec::new();
    server.stdout.as_mut().unwrap().read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"", "the worker's output is closed, so it has ended before its time limit");
    server.wait().unwrap();
}
