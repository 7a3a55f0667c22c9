//! The measured server: a release binary with its configuration and database.

use super::app::{App, Kind};
use super::free_address;
use crate::Outcome;
use crate::load::{Publisher, Stamp};
use crate::machine::{self, Memory};
use crate::workspace::{Program, Workspace};
use std::fmt::Write as _;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// Time limit of a start with a backlog of a million events.
const START: Duration = Duration::from_mins(1);
/// The app that sends exchanges and publishes events.
const SENDER: &str = "superapp";
const TOKEN: &str = "fbapp_bench-superapp-0123456789abcdef";
const ADMIN: &str = "fbadmin_bench-0123456789abcdef0123456789abcdef";
const SECRET_KEY: &str = "fbkey_bench-superapp-0123456789abcdef";
const EVENT: &str = "measured";

/// An app with one hook that gets every event.
#[derive(Debug, Clone)]
pub(crate) struct HookAt(pub(crate) SocketAddr);

/// The options of a server.
#[derive(Debug, Clone, Default)]
pub(crate) struct Setup {
    /// The address that receives exchanges.
    pub(crate) receiver: Option<SocketAddr>,
    pub(crate) hooks: Vec<HookAt>,
    pub(crate) shards: Option<u32>,
    /// The value of `[retry] schedule`; `None` for the default.
    pub(crate) retry: Option<String>,
    /// The value of `[server] connections`; `None` for the default.
    pub(crate) connections: Option<u32>,
    /// True if the sender has a hook for its events, so that its pages get them. The hook's address does not answer.
    pub(crate) listens: bool,
    /// True if the server may start apps.
    pub(crate) apps: bool,
    /// More tables for the end of the configuration file.
    pub(crate) tables: String,
}

/// A running server with its configuration.
#[derive(Debug)]
pub(crate) struct Footbridge {
    pub(crate) program: Program,
    pub(crate) address: SocketAddr,
    /// Time from the start of the process until it is ready.
    pub(crate) started_in: Duration,
    dir: PathBuf,
}

impl Footbridge {
    /// Starts `program` on an empty database.
    pub(crate) fn start(workspace: &Workspace, program: &Path, setup: &Setup) -> Outcome<Self> {
        let dir = workspace.dir("footbridge")?;
        let file = dir.join("footbridge.toml");
        let config = config(setup, free_address()?, &dir);
        std::fs::write(&file, config).map_err(|e| format!("{}: {e}", file.display()))?;
        Self::start_in(workspace, program, dir)
    }

    /// The token of the administrator.
    pub(crate) const fn admin_token() -> &'static str {
        ADMIN
    }

    /// Restarts the server on the same database. Also returns the time that it needed to end.
    pub(crate) fn restart(self, workspace: &Workspace, program: &Path) -> Outcome<(Self, Duration)> {
        let (dir, ended_in) = (self.dir.clone(), self.program.stop());
        Ok((Self::start_in(workspace, program, dir)?, ended_in))
    }

    fn start_in(workspace: &Workspace, binary: &Path, dir: PathBuf) -> Outcome<Self> {
        let file = dir.join("footbridge.toml");
        let address = listen(&file)?;
        let mut command = Command::new(binary);
        command.arg("serve").arg("--config").arg(&file).current_dir(&dir);
        // Settings in the environment of the bench must not reach this server.
        for (name, _) in
            std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("FOOTBRIDGE_"))
        {
            command.env_remove(name);
        }
        let started = Instant::now();
        let mut program = workspace.start(&mut command, &dir)?;
        program.wait(START, || get(address, "/readyz").is_ok_and(|(status, _)| status == 200))?;
        Ok(Self { program, address, started_in: started.elapsed(), dir })
    }

    pub(crate) fn cpu_seconds(&self) -> f64 {
        machine::cpu_seconds(self.program.id())
    }

    pub(crate) fn memory(&self) -> Memory {
        machine::memory(self.program.id())
    }

    /// Returns a publisher of events that all hooks get.
    pub(crate) fn publisher(&self, stamp: Stamp) -> Publisher {
        Publisher { address: self.address, token: TOKEN.to_owned(), event: EVENT, stamp }
    }

    /// Writes an app into a new directory and installs it.
    pub(crate) fn install(&self, workspace: &Workspace, kind: Kind, name: &str) -> Outcome<App> {
        let app = App::write(&workspace.dir(name)?, kind, name)?;
        let body = format!("{{\"path\":\"{}\"}}", app.dir.display());
        self.administer("/api/apps/local", &body)?;
        Ok(app)
    }

    /// Stops an app and waits for the end of its processes.
    pub(crate) fn stop_app(&self, name: &str) -> Outcome<()> {
        self.administer("/api/apps/stop", &format!("{{\"name\":\"{name}\"}}"))
    }

    fn administer(&self, path: &str, body: &str) -> Outcome<()> {
        done(self.address, path, &format!("authorization: Bearer {ADMIN}"), body)
    }

    /// Publishes one event whose name is that of the app that gets it.
    pub(crate) fn publish_to(&self, app: &str) -> Outcome<()> {
        done(self.address, &format!("/api/events/{app}"), &format!("x-bolt-app-token: {TOKEN}"), "{}")
    }

    /// Publishes one event that the sender's pages get.
    pub(crate) fn publish_own(&self) -> Outcome<()> {
        self.publish_to(EVENT)
    }

    /// Returns a ticket for the sender's pages.
    pub(crate) fn ticket(&self) -> Outcome<String> {
        let body = "{\"use\":\"live\",\"ttl\":\"10m\"}";
        let head = format!(
            "POST /api/v1/tickets HTTP/1.1\r\nx-bolt-app-token: {TOKEN}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let (_, answer) =
            ask(self.address, &format!("{head}{body}")).map_err(|e| format!("a ticket: {e}"))?;
        let ticket = answer.split("\"ticket\":\"").nth(1).and_then(|rest| rest.split('"').next());
        ticket.map(str::to_owned).ok_or_else(|| format!("no ticket: {answer}"))
    }

    /// Returns the answer to a GET of the administration API; `tail` follows `/api/v1/` in the path.
    pub(crate) fn read(&self, tail: &str) -> Outcome<String> {
        let request = format!("GET /api/v1/{tail} HTTP/1.1\r\nauthorization: Bearer {ADMIN}\r\n\r\n");
        match ask(self.address, &request) {
            Ok((200, text)) => Ok(text),
            Ok((status, text)) => Err(format!("{tail}: {status} {text}")),
            Err(error) => Err(format!("{tail}: {error}")),
        }
    }

    /// Returns the number of pending deliveries.
    pub(crate) fn pending(&self) -> Outcome<u64> {
        let (_, text) = get(self.address, "/metrics").map_err(|e| format!("/metrics: {e}"))?;
        let value = text.lines().find_map(|line| line.strip_prefix("footbridge_deliveries_pending "));
        let count = value.and_then(|value| value.trim().parse().ok());
        count.ok_or_else(|| "/metrics has no number of pending deliveries".to_owned())
    }

    /// Waits until no delivery is pending and returns the waiting time.
    pub(crate) fn drained(&self, within: Duration) -> Outcome<Duration> {
        let started = Instant::now();
        while self.pending()? > 0 {
            if started.elapsed() > within {
                return Err(format!("{} deliveries are still pending after {within:?}", self.pending()?));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(started.elapsed())
    }
}

/// Returns the `Authorization` of an exchange.
pub(crate) fn authorization() -> String {
    use base64::Engine as _;
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("{SENDER}:{SECRET_KEY}"));
    format!("Token {pair}")
}

/// Returns an exchange whose request has 1 KiB.
pub(crate) fn exchange_body() -> String {
    let around = |payload: &str| {
        format!(r#"{{"app_id":"shop","client_id":"{SENDER}","event_type":"buy","payload":{payload}}}"#)
    };
    let rest = 1024_usize.saturating_sub(around("").len());
    let payload = format!("{{\"pad\":\"{}\"}}", "x".repeat(rest.saturating_sub(10)));
    around(&payload)
}

fn config(setup: &Setup, listen: SocketAddr, dir: &Path) -> String {
    let database = dir.join("bench.db");
    let mut text = format!("listen = \"{listen}\"\ndatabase = \"sqlite:{}\"\n", database.display());
    let _ = writeln!(text, "admin_token = \"{ADMIN}\"");
    text += "[console]\nlisten = \"off\"\n";
    if setup.apps && rustix::process::geteuid().is_root() {
        text += "[runtime]\nuser = \"root\"\n";
    }
    text += "[server]\n";
    if let Some(shards) = setup.shards {
        let _ = writeln!(text, "shards = {shards}");
    }
    if let Some(connections) = setup.connections {
        let _ = writeln!(text, "connections = {connections}");
    }
    if let Some(schedule) = &setup.retry {
        let _ = write!(text, "[retry]\nschedule = {schedule}\n");
    }
    let _ =
        write!(text, "[[app]]\nname = \"{SENDER}\"\ntoken = \"{TOKEN}\"\nsecret_key = \"{SECRET_KEY}\"\n");
    if setup.listens {
        let _ = writeln!(text, "url = \"http://127.0.0.1:9\"\nhooks = {{ \"{SENDER}/{EVENT}\" = \"own\" }}");
    }
    text += "[[app]]\nname = \"shop\"\n";
    if let Some(receiver) = setup.receiver {
        let _ = writeln!(text, "receiver_url = \"http://{receiver}/events\"");
    }
    for (number, HookAt(address)) in setup.hooks.iter().enumerate() {
        let _ = write!(text, "[[app]]\nname = \"subscriber-{number}\"\nurl = \"http://{address}\"\n");
        let _ = writeln!(text, "hooks = {{ \"{SENDER}/{EVENT}\" = \"hooks/{number}\" }}");
    }
    text + "[[link]]\nhost = \"superapp\"\nminiapp = \"shop\"\n" + &setup.tables
}

/// Returns the address in the configuration file, which is the same after a restart.
fn listen(file: &Path) -> Outcome<SocketAddr> {
    let text = std::fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
    let line = text.lines().find_map(|line| line.strip_prefix("listen = "));
    let address = line.and_then(|line| line.trim_matches('"').parse().ok());
    address.ok_or_else(|| format!("{} names no address", file.display()))
}

/// Sends one request on a new connection and returns status and body.
fn get(address: SocketAddr, path: &str) -> io::Result<(u16, String)> {
    ask(address, &format!("GET {path} HTTP/1.1\r\n\r\n"))
}

/// Sends a POST request; any status but success is an error.
fn done(address: SocketAddr, path: &str, credential: &str, body: &str) -> Outcome<()> {
    let length = body.len();
    let head = format!("POST {path} HTTP/1.1\r\n{credential}\r\ncontent-length: {length}\r\n\r\n");
    match ask(address, &format!("{head}{body}")) {
        Ok((200, _)) => Ok(()),
        Ok((status, text)) => Err(format!("{path}: {status} {text}")),
        Err(error) => Err(format!("{path}: {error}")),
    }
}

fn ask(address: SocketAddr, request: &str) -> io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let (start, rest) = request.split_once("\r\n").unwrap_or((request, "\r\n"));
    stream.write_all(format!("{start}\r\nhost: localhost\r\nconnection: close\r\n{rest}").as_bytes())?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let status = text.get(9..12).and_then(|digits| digits.parse().ok()).unwrap_or_default();
    Ok((status, text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()))
}
