//! The program as a process: where it is, how it is started, what it prints.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::config::Setup;
use crate::until::until_some;

/// The path of the program: `FOOTBRIDGE_BIN`, or `footbridge` in the target directory of the test binary.
pub fn binary() -> PathBuf {
    if let Some(given) = std::env::var_os("FOOTBRIDGE_BIN") {
        return given.into();
    }
    let test = std::env::current_exe().expect("the test's own path");
    let found = test.ancestors().skip(1).map(|folder| folder.join("footbridge")).find(|path| path.is_file());
    found.expect("build the program first (cargo build -p footbridge), or set FOOTBRIDGE_BIN")
}

/// Builds a command that runs the program in `dir` without the variables of the test's environment that it reads.
fn command(dir: &Path, env: &[(String, String)]) -> Command {
    let mut command = Command::new(binary());
    // The contexts of the person who runs the tests must not choose the server.
    command.current_dir(dir).env_clear().env("XDG_CONFIG_HOME", dir).stdin(Stdio::null());
    for name in ["PATH", "HOME", "TMPDIR"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command.envs(env.iter().map(|(name, value)| (name, value)));
    command
}

/// The result of a run of the program that exited by itself.
#[derive(Debug)]
pub struct Exit {
    /// The exit code; none if a signal ended the program.
    pub code: Option<i32>,
    /// Standard output followed by standard error.
    pub output: String,
    /// The duration of the run.
    pub took: Duration,
}

/// Time limit for a command. A hanging command must fail the test; a slow machine must not.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Runs the program in `dir` until it exits; fails the test if that takes longer than 60 s.
pub fn footbridge(dir: &Path, args: &[&str], env: &[(&str, &str)]) -> Exit {
    let env: Vec<_> = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let begun = Instant::now();
    let mut child = command(dir, &env)
        .args(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("run the program");
    // Read while the program runs: a full pipe would block it.
    let (out, err) = (read(child.stdout.take().unwrap()), read(child.stderr.take().unwrap()));
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break Some(status),
            None if begun.elapsed() > TIMEOUT => break None,
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let took = begun.elapsed();
    if status.is_none() {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let output = out.join().unwrap() + &err.join().unwrap();
    let Some(status) = status else { panic!("{args:?} did not exit within {TIMEOUT:?}; output: {output}") };
    assert!(!output.contains("panicked"), "{output}");
    Exit { code: status.code(), output, took }
}

/// Reads a stream to its end in a new thread.
fn read(mut pipe: impl Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _read = pipe.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// The text that a stream of the program has produced so far.
pub(crate) type Text = Arc<Mutex<String>>;

/// Starts the program and waits for the line with its listening address.
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
    let address = until_some("the line with the listening address", Duration::from_mins(1), || {
        if let Some(status) = child.try_wait().unwrap() {
            std::thread::sleep(Duration::from_millis(50));
            panic!("the program exited with {status}: {}{}", stdout.lock().unwrap(), stderr.lock().unwrap());
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
