//! Runs other programs in the workspace root.

use std::ffi::OsString;
use std::io::{self, BufRead as _, BufReader, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

/// The result of a chore; the error is a message for the user.
pub(crate) type Outcome = Result<(), String>;

/// Returns the workspace root, which is the parent directory of this package.
pub(crate) fn root() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}

/// Returns the target directory, derived from the path of this program. It is right also with `CARGO_TARGET_DIR` or a
/// config file.
pub(crate) fn target_dir() -> Result<PathBuf, String> {
    let exe = std::env::current_exe().map_err(|e| format!("cannot find the path of xtask: {e}"))?;
    exe.ancestors().nth(2).map(Path::to_path_buf).ok_or_else(|| "xtask is not in a target directory".into())
}

/// Returns the path of the footbridge binary for `profile` (`debug` or `release`).
pub(crate) fn footbridge_bin(profile: &str) -> Result<PathBuf, String> {
    let name = format!("footbridge{}", std::env::consts::EXE_SUFFIX);
    Ok(target_dir()?.join(profile).join(name))
}

/// Returns a cargo command with the environment of a shell.
///
/// `cargo run` sets variables about the package that it runs. Build scripts that depend on them, such as that of ring,
/// would run again whenever a chore follows a plain `cargo build`.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(program);
    command.args(args).current_dir(root());
    for (name, _) in std::env::vars_os() {
        let of_this_package = name.to_str().is_some_and(|name| {
            ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"]
                .iter()
                .any(|p| name.starts_with(p))
        });
        if of_this_package {
            command.env_remove(name);
        }
    }
    command
}

/// Prints a command, runs it and waits for its end.
pub(crate) fn run(command: &mut Command) -> Outcome {
    println!("$ {}", shown(command));
    let status = command.status().map_err(|e| format!("cannot run `{}`: {e}", shown(command)))?;
    if status.success() { Ok(()) } else { Err(format!("`{}` failed ({status})", shown(command))) }
}

/// Prints a command and runs it. Prints its output and passes each line to `each`.
pub(crate) fn tee(command: &mut Command, each: impl FnMut(&str)) -> Outcome {
    let title = shown(command);
    println!("$ {title}");
    if io::stdout().is_terminal() && std::env::var_os("CARGO_TERM_COLOR").is_none() {
        command.env("CARGO_TERM_COLOR", "always");
    }
    tee_titled(&title, command, each)
}

/// The same as [`tee`] with a title instead of the command.
pub(crate) fn tee_titled(title: &str, command: &mut Command, each: impl FnMut(&str)) -> Outcome {
    let status = piped(command, each).map_err(|e| format!("cannot run `{title}`: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{title}` failed ({status})")) }
}

/// Runs a command with one pipe for both streams, so that their lines keep their order.
fn piped(command: &mut Command, mut each: impl FnMut(&str)) -> io::Result<ExitStatus> {
    let (reader, writer) = io::pipe()?;
    command.stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn()?;
    // The command still has the writing end of the pipe open. Without this, the reading end would never see the end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let (lines, received) = mpsc::channel();
    std::thread::spawn(move || {
        let mut reader = BufReader::new(reader);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            if lines.send(std::mem::take(&mut line)).is_err() {
                return;
            }
        }
    });
    let mut show = |line: Vec<u8>| -> io::Result<()> {
        io::stdout().write_all(&line)?;
        each(&String::from_utf8_lossy(&line));
        Ok(())
    };
    let mut ended = None;
    loop {
        match received.recv_timeout(Duration::from_millis(200)) {
            Ok(line) => show(line)?,
            Err(RecvTimeoutError::Disconnected) => break,
            // A process that the command left behind may keep the stream open for ever.
            Err(RecvTimeoutError::Timeout) if is_over(&mut child, &mut ended)? => break,
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
    child.wait()
}

/// Returns true if the child ended more than two seconds ago.
fn is_over(child: &mut Child, ended: &mut Option<Instant>) -> io::Result<bool> {
    if ended.is_none() && child.try_wait()?.is_some() {
        *ended = Some(Instant::now());
    }
    Ok(ended.is_some_and(|ended| ended.elapsed() > Duration::from_secs(2)))
}

/// Runs a command without output and returns true if it succeeds.
pub(crate) fn works(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|s| s.success())
}

fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_stem().unwrap_or_default().to_string_lossy();
    let args = command.get_args().map(|a| a.to_string_lossy());
    std::iter::once(program).chain(args).collect::<Vec<_>>().join(" ")
}

/// Returns true on a CI machine: `.ci/run` and the usual services set `CI=true`.
pub(crate) fn on_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| value == "true")
}
