//! The program as a process: where it is, how it is started, what it says.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::config::Setup;
use crate::until::until_some;

/// Where the program is: `FOOTBRIDGE_BIN`, or beside the folder of the test's own binary.
pub fn binary() -> PathBuf {
    if let Some(given) = std::env::var_os("FOOTBRIDGE_BIN") {
        return given.into();
    }
    let test = std::env::current_exe().expect("the test's own path");
    let found = test.ancestors().skip(1).map(|folder| folder.join("footbridge")).find(|path| path.is_file());
    found.expect("build the program first (cargo build -p footbridge), or set FOOTBRIDGE_BIN")
}

/// The program in `dir`, with nothing of the test's environment that it might read.
fn command(dir: &Path, env: &[(String, String)]) -> Command {
    let mut command = Command::new(binary());
    command.current_dir(dir).env_clear().stdin(Stdio::null());
    for name in ["PATH", "HOME", "TMPDIR"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command.envs(env.iter().map(|(name, value)| (name, value)));
    command
}

/// How a run of the program ended by itself.
#[derive(Debug)]
pub struct Exit {
    /// Exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// Standard output and standard error in one.
    pub said: String,
    /// How long it ran.
    pub took: Duration,
}

/// Runs the program to its end in `dir`; fails the test when it takes longer than 10 s.
pub fn footbridge(dir: &Path, args: &[&str], env: &[(&str, &str)]) -> Exit {
    let env: Vec<_> = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let begun = Instant::now();
    let mut child = command(dir, &env)
        .args(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("run the program");
    // Read all along: a pipe that is full would hold the program up.
    let (out, err) = (read(child.stdout.take().unwrap()), read(child.stderr.take().unwrap()));
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break Some(status),
            None if begun.elapsed() > Duration::from_secs(10) => break None,
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let took = begun.elapsed();
    if status.is_none() {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let said = out.join().unwrap() + &err.join().unwrap();
    let Some(status) = status else { panic!("{args:?} did not end within 10 s; it said: {said}") };
    assert!(!said.contains("panicked"), "{said}");
    Exit { code: status.code(), said, took }
}

/// Reads a stream to its end.
fn read(mut pipe: impl Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _read = pipe.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// What a stream of the program said so far.
pub(crate) type Text = Arc<Mutex<String>>;

/// Starts the program and waits for the line that says where it listens.
#[track_caller]
pub(crate) fn run(
    dir: &Path,
    setup: &Setup,
    args: &[String],
    stdout: &Text,
    stderr: &Text,
) -> (Child, SocketAddr) {
    let full = || std::fs::File::options().write(true).open("/dev/full").expect("/dev/full");
    let log = if setup.log_full { full().into() } else { Stdio::piped() };
    let mut child = command(dir, &setup.env)
        .args(args)
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .expect("run the program");
    stdout.lock().unwrap().clear();
    collect(child.stdout.take().unwrap(), stdout);
    if let Some(pipe) = child.stderr.take() {
        collect(pipe, stderr);
    }
    let address = until_some("the line that says where it listens", Duration::from_secs(20), || {
        if let Some(status) = child.try_wait().unwrap() {
            std::thread::sleep(Duration::from_millis(50));
            panic!("it ended with {status}: {}{}", stdout.lock().unwrap(), stderr.lock().unwrap());
        }
        announced(&stdout.lock().unwrap())
    });
    (child, address)
}

fn collect(pipe: impl Read + Send + 'static, into: &Text) {
    let into = Arc::clone(into);
    std::thread::spawn(move || {
        let mut lines = BufReader::new(pipe);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            into.lock().unwrap().push_str(&String::from_utf8_lossy(&line));
            line.clear();
        }
    });
}

fn announced(stdout: &str) -> Option<SocketAddr> {
    let line =
        stdout.split_inclusive('\n').find(|line| line.contains("listening on") && line.ends_with('\n'))?;
    let (_, rest) = line.split_once("http://")?;
    rest.split(|c: char| c.is_whitespace() || c == '/').next()?.parse().ok()
}
