//! A server that is killed leaves nothing: at once, or at the latest when the next one opens.

use crate::kit::{SERVER, address, descendants, helper, living, open_to_all, options, root, until};
use footbridge_runtime::Runtime;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A server of its own process, with an app that has scattered processes.
struct Server {
    process: Child,
    mark: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        // Killed already, when the test came that far.
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

async fn nothing_outlives(user: &str, as_nobody: bool) {
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
async fn nothing_outlives_a_killed_server() {
    nothing_outlives(if root() { "root" } else { "-" }, false).await;
}

#[tokio::test]
async fn nothing_outlives_a_killed_server_without_rights() {
    if root() {
        nothing_outlives("-", true).await;
    }
}

#[tokio::test]
async fn what_a_killed_server_left_is_swept() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = serve(dir.path(), if root() { "root" } else { "-" }, false);
    // Helpers that cannot notice anything any more, as on a machine that is out of order.
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
