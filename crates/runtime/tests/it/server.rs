//! A killed server: its apps end at once, or at the latest when the next server opens the state.

use crate::kit::{SERVER, address, descendants, helper, living, open_to_all, options, root, until};
use footbridge_runtime::Runtime;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A server in a separate process, with an app that has started processes in other sessions.
struct Server {
    process: Child,
    mark: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        // Fails if the test has already killed it.
        let _ = self.process.kill();
    }
}

fn serve(dir: &Path, user: &str, as_nobody: bool) -> Server {
    let (app, program) = (dir.join("shop"), dir.join("helper"));
    fs::create_dir(&app).unwrap();
    fs::copy(helper(), &program).unwrap();
    for path in [dir, &app] {
        open_to_all(path);
        if as_nobody {
            chown(path, Some(65534), Some(65534)).unwrap();
        }
    }
    fs::write(app.join("server.js"), SERVER).unwrap();
    fs::write(
        app.join("run.sh"),
        "(setsid sh -c '(setsid sleep 1000 &) ; sleep 1000' &)\nexec node server.js",
    )
    .unwrap();
    let mark = address(dir);
    let mut command = Command::new(&program);
    command.arg(dir.join("state")).args([&mark, user, "shop"]).arg(&app).args(["sh", "run.sh"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    if as_nobody {
        command.uid(65534).gid(65534);
    }
    let mut process = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.trim().parse::<u32>().is_ok(), "{line}");
    Server { process, mark }
}

async fn check_nothing_outlives_the_server(user: &str, as_nobody: bool) {
    let dir = tempfile::tempdir().unwrap();
    let mut server = serve(dir.path(), user, as_nobody);
    let helpers = descendants(server.process.id());
    until("all are there", || living(&server.mark).len() >= 4).await;
    server.process.kill().unwrap();
    server.process.wait().unwrap();
    until("all are gone", || living(&server.mark).is_empty()).await;
    until("helpers are gone", || helpers.iter().all(|pid| !crate::kit::alive(*pid))).await;
}

#[tokio::test]
async fn no_process_outlives_a_killed_server() {
    check_nothing_outlives_the_server(if root() { "root" } else { "-" }, false).await;
}

#[tokio::test]
async fn no_process_outlives_a_killed_server_without_root() {
    if root() {
        check_nothing_outlives_the_server("-", true).await;
    }
}

#[tokio::test]
async fn the_next_server_ends_what_a_killed_server_left() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = serve(dir.path(), if root() { "root" } else { "-" }, false);
    // Stopped helpers cannot react to the end of the server.
    let helpers: Vec<u32> = descendants(server.process.id());
    for helper in helpers.iter().filter(|pid| is_helper(**pid)) {
        let pid = rustix::process::Pid::from_raw(i32::try_from(*helper).unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    }
    server.process.kill().unwrap();
    server.process.wait().unwrap();
    assert!(living(&server.mark).len() >= 4, "the app lives on");
    let opened = Runtime::open(options(dir.path())).unwrap();
    assert_eq!(living(&server.mark), [0; 0]);
    assert!(helpers.iter().all(|pid| !crate::kit::alive(*pid)));
    assert_eq!(fs::read_dir(dir.path().join("state/runs")).unwrap().count(), 0);
    drop(opened);
}

fn is_helper(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.contains("__app-init"))
}
