//! A running program with its own port and directory.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

use tempfile::TempDir;

use crate::callers::{Admin, Bolt, Bridge};
use crate::config::Setup;
use crate::http::{Answer, Call};
use crate::installed::Apps;
use crate::program::{Text, run};
use crate::until::{WAIT, until, until_some};

/// A running program. Dropping it kills the process and fails the test if the program has panicked.
#[derive(Debug)]
pub struct Gateway {
    setup: Setup,
    args: Vec<String>,
    dir: TempDir,
    child: Child,
    address: SocketAddr,
    stdout: Text,
    stderr: Text,
}

impl Setup {
    /// Starts the program with this configuration and waits until it is ready.
    #[track_caller]
    pub fn start(self) -> Gateway {
        self.start_with(&[])
    }

    /// Like [`Setup::start`], with more arguments after `serve --config FILE`.
    #[track_caller]
    pub fn start_with(self, args: &[&str]) -> Gateway {
        let dir = tempfile::tempdir().unwrap();
        let mut full = vec!["serve".to_owned(), "--config".to_owned(), "footbridge.toml".to_owned()];
        full.extend(args.iter().map(|arg| (*arg).to_owned()));
        std::fs::write(dir.path().join("footbridge.toml"), self.text()).unwrap();
        Gateway::launch(self, dir, full)
    }

    /// Starts the program without a configuration file.
    #[track_caller]
    pub fn start_bare(self, args: &[&str]) -> Gateway {
        Gateway::launch(
            self,
            tempfile::tempdir().unwrap(),
            args.iter().map(|arg| (*arg).to_owned()).collect(),
        )
    }
}

impl Gateway {
    #[track_caller]
    fn launch(setup: Setup, dir: TempDir, args: Vec<String>) -> Self {
        let (stdout, stderr) = (Text::default(), Text::default());
        let (child, address) = run(dir.path(), &setup, &args, &stdout, &stderr);
        let gateway = Self { setup, args, dir, child, address, stdout, stderr };
        gateway.wait_ready();
        gateway
    }

    #[track_caller]
    fn wait_ready(&self) {
        until("readyz", Duration::from_secs(20), || {
            self.call("GET", "/readyz").try_send().is_ok_and(|answer| answer.status == 200)
        });
    }

    /// The address on which the program listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT` followed by `path`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The working directory, which holds the configuration and the database.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The process id of the program.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The standard output since the last start.
    pub fn stdout(&self) -> String {
        self.stdout.lock().unwrap().clone()
    }

    /// The standard error since the first start.
    pub fn stderr(&self) -> String {
        self.stderr.lock().unwrap().clone()
    }

    /// The configuration of the program.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// Builds a request to the program.
    pub fn call(&self, method: &str, path: &str) -> Call {
        Call::new(self.address, method, path)
    }

    /// Sends a GET without credentials.
    #[track_caller]
    pub fn get(&self, path: &str) -> Answer {
        self.call("GET", path).send()
    }

    /// The bridge as used by a host app.
    pub fn host(&self, name: &str) -> Bridge {
        Bridge::new(self.address, self.setup.app_named(name), "hostapp")
    }

    /// The bridge as used by a miniapp.
    pub fn miniapp(&self, name: &str) -> Bridge {
        Bridge::new(self.address, self.setup.app_named(name), "miniapp")
    }

    /// The events API as used by an app of the file.
    pub fn bolt(&self, name: &str) -> Bolt {
        Bolt::new(self.address, &self.setup.app_named(name).token)
    }

    /// The events API with the given token.
    pub fn bolt_with(&self, token: &str) -> Bolt {
        Bolt::new(self.address, token)
    }

    /// The administration API with the admin token.
    pub fn admin(&self) -> Admin {
        Admin::new(self.address)
    }

    /// The administration API and the pages of installed apps.
    pub fn apps(&self) -> Apps {
        Apps::new(self.address)
    }

    /// The value of a metric with exactly these labels (such as `outcome="dead"`, or none). A missing metric is 0.
    pub fn metric(&self, name: &str, labels: &str) -> u64 {
        metric(&self.get("/metrics").expect(200).text(), name, labels)
    }

    /// Both sides of the identity of deliveries (accepted = sum of all outcomes and pending), from one scrape.
    pub fn identity(&self) -> (u64, u64) {
        let text = self.get("/metrics").expect(200).text();
        let ends = ["delivered", "unanswered", "dead", "cancelled"];
        let ended =
            ends.map(|end| metric(&text, "footbridge_deliveries_total", &format!("outcome=\"{end}\"")));
        let pending = metric(&text, "footbridge_deliveries_pending", "");
        (metric(&text, "footbridge_deliveries_accepted_total", ""), ended.iter().sum::<u64>() + pending)
    }

    /// Waits until all connections opened before are closed and their requests are processed.
    #[track_caller]
    pub fn wait_connections_closed(&self) {
        self.wait_connections_closed_but(0);
    }

    /// Like [`Gateway::wait_connections_closed`], but lets `open` connections stay open.
    #[track_caller]
    pub fn wait_connections_closed_but(&self, open: u64) {
        until("all other connections to close", WAIT, || {
            self.metric("footbridge_http_connections", "") <= 1 + open
        });
    }

    /// Kills the program with SIGKILL.
    pub fn kill9(&mut self) -> &mut Self {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self
    }

    /// Sends SIGTERM to the program.
    pub fn sigterm(&self) {
        let done = Command::new("sh").args(["-c", &format!("kill -TERM {}", self.pid())]).status().unwrap();
        assert!(done.success());
    }

    /// Sends SIGHUP to the program, as a closed terminal does.
    pub fn sighup(&self) {
        let done = Command::new("sh").args(["-c", &format!("kill -HUP {}", self.pid())]).status().unwrap();
        assert!(done.success());
    }

    /// Waits until the program exits by itself.
    #[track_caller]
    pub fn wait_exit(&mut self, timeout: Duration) -> ExitStatus {
        until_some("the program to exit", timeout, || self.child.try_wait().unwrap())
    }

    /// Sends SIGTERM and waits until the program exits with code 0.
    #[track_caller]
    pub fn stop(&mut self) -> &mut Self {
        self.sigterm();
        let status = self.wait_exit(Duration::from_secs(15));
        assert_eq!(status.code(), Some(0), "{}", self.stderr());
        self
    }

    /// Starts the program again in the same directory, on a new port.
    #[track_caller]
    pub fn start_again(&mut self) -> &mut Self {
        assert!(self.child.try_wait().unwrap().is_some(), "it still runs");
        (self.child, self.address) =
            run(self.dir.path(), &self.setup, &self.args, &self.stdout, &self.stderr);
        self.wait_ready();
        self
    }

    /// Starts the program again and waits only until it is alive; it may not be ready yet.
    #[track_caller]
    pub fn start_again_unready(&mut self) -> &mut Self {
        assert!(self.child.try_wait().unwrap().is_some(), "it still runs");
        (self.child, self.address) =
            run(self.dir.path(), &self.setup, &self.args, &self.stdout, &self.stderr);
        until("livez", Duration::from_secs(20), || {
            self.call("GET", "/livez").try_send().is_ok_and(|answer| answer.status == 200)
        });
        self
    }

    /// Starts the program again with a changed configuration.
    #[track_caller]
    pub fn start_changed(&mut self, change: impl FnOnce(Setup) -> Setup) -> &mut Self {
        self.setup = change(self.setup.clone());
        std::fs::write(self.dir.path().join("footbridge.toml"), self.setup.text()).unwrap();
        self.start_again()
    }

    /// Starts the program again with these arguments instead of the previous ones.
    #[track_caller]
    pub fn start_with_args(&mut self, args: &[&str]) -> &mut Self {
        self.args = args.iter().map(|arg| (*arg).to_owned()).collect();
        self.start_again()
    }

    /// Fails the test unless the program runs, is ready and has not panicked.
    #[track_caller]
    pub fn assert_healthy(&mut self) {
        assert!(self.child.try_wait().unwrap().is_none(), "the program has exited: {}", self.stderr());
        self.get("/livez").expect(200);
        self.get("/readyz").expect(200);
        assert!(!self.stderr().contains("panicked"), "{}", self.stderr());
    }
}

fn metric(text: &str, name: &str, labels: &str) -> u64 {
    let wanted = if labels.is_empty() { name.to_owned() } else { format!("{name}{{{labels}}}") };
    let value = text.lines().find_map(|line| line.strip_prefix(&wanted)?.strip_prefix(' '));
    value.map_or(0, |value| value.split([' ', '.']).next().unwrap().parse().expect("a count"))
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
        let stderr = self.stderr.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        if std::thread::panicking() {
            let begin = stderr.char_indices().rev().nth(3000).map_or(0, |(at, _)| at);
            eprintln!("--- end of the program's standard error ---\n{}", &stderr[begin..]);
        } else {
            assert!(!stderr.contains("panicked"), "{stderr}");
        }
    }
}
