//! Test kit: a separate runtime per test, apps from a few lines of source, and functions to inspect processes.

use footbridge_model::name::AppName;
use footbridge_model::package::{Package, Program};
use footbridge_model::run::{Exit, OutputLine, Running, StartFailure, StartOrder, Stream};
use footbridge_model::secret::Secret;
use footbridge_model::time::{Clock, Millis};
use footbridge_runtime::{Opened, Runtime, RuntimeOptions};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::mpsc;

pub(crate) const SERVER: &str = "require('http').createServer((q, s) => s.end('hi ' + process.env.FOOTBRIDGE_APP)).listen(process.env.PORT)";
pub(crate) const HANDLER: &str = "console.log('loaded'); module.exports = (q, s) => s.end('hosted')";

#[derive(Debug)]
struct NoClock;

impl Clock for NoClock {
    fn now(&self) -> Millis {
        Millis(0)
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

/// A runtime with its own state directory.
pub(crate) struct Kit {
    pub(crate) dir: TempDir,
    pub(crate) runtime: Runtime,
    pub(crate) exits: mpsc::Receiver<Exit>,
}

impl Drop for Kit {
    /// Stops every app, so that no control group remains on the machine.
    fn drop(&mut self) {
        let stop = self.runtime.stop_all();
        let waiting = std::thread::spawn(|| {
            tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(stop);
        });
        // A failure here must not hide the result of the test.
        let _ = waiting.join();
    }
}

/// A change that a test makes to the options.
pub(crate) type Change = fn(&mut RuntimeOptions);

impl Kit {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: Change) -> Self {
        let dir = tempfile::tempdir().unwrap();
        open_to_all(dir.path());
        let mut options = options(dir.path());
        change(&mut options);
        let Opened { runtime, exits } = Runtime::open(options).unwrap();
        Self { dir, runtime, exits }
    }

    /// Writes an app with these files that runs this command.
    pub(crate) fn command(&self, name: &str, files: &[(&str, &str)], command: &[&str]) -> StartOrder {
        let words = command.iter().map(|word| (*word).to_owned()).collect();
        self.app(name, files, Program::Command(words))
    }

    /// Writes an app that is a Node program with its own HTTP server.
    pub(crate) fn server(&self, name: &str, source: &str) -> StartOrder {
        self.command(name, &[("server.js", source)], &["node", "server.js"])
    }

    /// Writes an app that is a shell script.
    pub(crate) fn script(&self, name: &str, source: &str) -> StartOrder {
        self.command(name, &[("run.sh", source)], &["sh", "run.sh"])
    }

    /// Writes an app that the Node host runs.
    pub(crate) fn hosted(&self, name: &str, source: &str) -> StartOrder {
        self.app(name, &[("app.js", source)], Program::Node("app.js".to_owned()))
    }

    fn app(&self, name: &str, files: &[(&str, &str)], program: Program) -> StartOrder {
        let path = self.dir.path().join(name);
        fs::create_dir_all(&path).unwrap();
        open_to_all(&path);
        for (file, text) in files {
            fs::write(path.join(file), text).unwrap();
        }
        StartOrder {
            app: app(name),
            package: Package {
                path: path.to_str().unwrap().to_owned(),
                version: "1.0.0".to_owned(),
                description: String::new(),
                display_name: name.to_owned(),
                index: "/".to_owned(),
                system: false,
                program,
                idle_timeout: None,
                routers: BTreeMap::new(),
                functions: BTreeMap::new(),
                page_events: BTreeSet::new(),
                public: BTreeMap::new(),
            },
            token: Secret::new("run-token"),
            secret: Secret::new("run-secret"),
        }
    }

    /// The server address, which every process of this runtime's apps has in its environment.
    pub(crate) fn mark(&self) -> String {
        address(self.dir.path())
    }

    pub(crate) async fn start(&self, order: &StartOrder) -> Result<Running, StartFailure> {
        self.runtime.start(order.clone()).await
    }

    pub(crate) async fn exit(&mut self) -> Exit {
        tokio::time::timeout(Duration::from_secs(30), self.exits.recv()).await.expect("an exit").unwrap()
    }

    pub(crate) fn output(&self, name: &str) -> Vec<OutputLine> {
        self.runtime.output(&app(name), 0, usize::MAX)
    }

    /// The lines of one stream of an app so far.
    pub(crate) fn lines(&self, name: &str, stream: Stream) -> Vec<String> {
        self.output(name).into_iter().filter(|line| line.stream == stream).map(|line| line.text).collect()
    }

    /// Waits until an app has written a line that contains `wanted`, and returns the line.
    pub(crate) async fn wait_for_line(&self, name: &str, wanted: &str) -> String {
        let mut after = 0;
        loop {
            let lines = self.runtime.output(&app(name), after, usize::MAX);
            if let Some(line) = lines.iter().find(|line| line.text.contains(wanted)) {
                return line.text.clone();
            }
            after = lines.last().map_or(after, |line| line.number);
            let written = self.runtime.written(app(name), after);
            tokio::time::timeout(Duration::from_secs(30), written).await.expect(wanted);
        }
    }
}

pub(crate) fn options(dir: &Path) -> RuntimeOptions {
    RuntimeOptions {
        state: dir.join("state"),
        program: helper(),
        user: root().then(|| "root".to_owned()),
        start_timeout: Duration::from_secs(20),
        environment: std::env::vars_os().collect(),
        pass_env: Vec::new(),
        bolt_address: address(dir),
        clock: Arc::new(NoClock),
    }
}

/// A server address that no other test uses.
pub(crate) fn address(dir: &Path) -> String {
    format!("http://{}", dir.file_name().unwrap().to_str().unwrap())
}

/// The path of the example `helper`, which takes the place of the product's binary.
pub(crate) fn helper() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let helper = test.parent().unwrap().parent().unwrap().join("examples/helper");
    assert!(helper.exists(), "{} is missing: cargo build -p footbridge-runtime --examples", helper.display());
    helper
}

pub(crate) fn root() -> bool {
    rustix::process::geteuid().is_root()
}

pub(crate) fn app(name: &str) -> AppName {
    AppName::parse(name).unwrap()
}

pub(crate) fn open_to_all(dir: &Path) {
    fs::set_permissions(dir, fs::Permissions::from_mode(0o755)).unwrap();
}

/// The body of a running app's answer to `GET /`.
pub(crate) fn get(address: SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET / HTTP/1.0\r\nfootbridge-run-secret: run-secret\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.rsplit("\r\n\r\n").next().unwrap().to_owned()
}

/// Sends a request and does not wait for the answer.
pub(crate) fn poke(address: SocketAddr) {
    TcpStream::connect(address)
        .unwrap()
        .write_all(b"GET / HTTP/1.0\r\nfootbridge-run-secret: run-secret\r\n\r\n")
        .unwrap();
}

/// The running processes with `mark` in their environment.
pub(crate) fn living(mark: &str) -> Vec<u32> {
    let marked = |pid: &u32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.windows(mark.len()).any(|window| window == mark.as_bytes())
    };
    processes().into_iter().filter(marked).filter(|pid| alive(*pid)).collect()
}

fn processes() -> Vec<u32> {
    let entries = fs::read_dir("/proc").unwrap();
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}

/// The state and the parent of a process.
fn stat(pid: u32) -> Option<(String, u32)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut words = stat.rsplit(')').next()?.split_ascii_whitespace();
    Some((words.next()?.to_owned(), words.next()?.parse().ok()?))
}

/// Returns true if a process runs. A zombie does not run.
pub(crate) fn alive(pid: u32) -> bool {
    stat(pid).is_some_and(|(state, _)| state != "Z" && state != "X")
}

pub(crate) fn parent(pid: u32) -> u32 {
    stat(pid).unwrap().1
}

pub(crate) fn descendants(pid: u32) -> Vec<u32> {
    let children =
        processes().into_iter().filter(|child| stat(*child).is_some_and(|(_, parent)| parent == pid));
    children.flat_map(|child| [vec![child], descendants(child)].concat()).collect()
}

/// Waits until `done` returns true.
pub(crate) async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(30), "still not: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// One variable for the server's environment.
pub(crate) fn variable(name: &str, value: &str) -> (OsString, OsString) {
    (name.into(), value.into())
}
