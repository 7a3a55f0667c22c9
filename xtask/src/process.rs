//! Running other programs from the workspace root.

use std::ffi::OsString;
use std::io::{self, BufRead as _, BufReader, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

/// How a chore ends: nothing to add, or one message that says what went wrong.
pub(crate) type Outcome = Result<(), String>;

/// The workspace root: the folder above this package.
pub(crate) fn root() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}

/// The target directory, told from where this very program was built: right whatever
/// `CARGO_TARGET_DIR` or a config file says.
pub(crate) fn target_dir() -> Result<PathBuf, String> {
    let exe = std::env::current_exe().map_err(|e| format!("cannot tell where xtask was built: {e}"))?;
    exe.ancestors()
        .nth(2)
        .map(Path::to_path_buf)
        .ok_or_else(|| "xtask runs outside a target directory".into())
}

/// Where the product's binary lies once built with `profile` (`debug` or `release`).
pub(crate) fn footbridge_bin(profile: &str) -> Result<PathBuf, String> {
    let name = format!("footbridge{}", std::env::consts::EXE_SUFFIX);
    Ok(target_dir()?.join(profile).join(name))
}

/// A cargo command as a person would type it.
///
/// `cargo run` describes the package it runs to it through the environment. Build scripts that watch those
/// variables (ring's does) would rebuild each time a chore and a plain `cargo build` take turns.
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

/// Shows the command, runs it and waits for it.
pub(crate) fn run(command: &mut Command) -> Outcome {
    println!("$ {}", shown(command));
    let status = command.status().map_err(|e| format!("cannot run `{}`: {e}", shown(command)))?;
    if status.success() { Ok(()) } else { Err(format!("`{}` failed ({status})", shown(command))) }
}

/// Shows the command, runs it, shows what it prints and hands each line of that to `hear`.
pub(crate) fn tee(command: &mut Command, hear: impl FnMut(&str)) -> Outcome {
    let title = shown(command);
    println!("$ {title}");
    if io::stdout().is_terminal() && std::env::var_os("CARGO_TERM_COLOR").is_none() {
        command.env("CARGO_TERM_COLOR", "always");
    }
    heard(&title, command, hear)
}

/// The same under a name of its own, without showing the command.
pub(crate) fn heard(title: &str, command: &mut Command, hear: impl FnMut(&str)) -> Outcome {
    let status = piped(command, hear).map_err(|e| format!("cannot run `{title}`: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{title}` failed ({status})")) }
}

/// Both streams in one, so that they keep their order.
fn piped(command: &mut Command, mut hear: impl FnMut(&str)) -> io::Result<ExitStatus> {
    let (reader, writer) = io::pipe()?;
    command.stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn()?;
    // The command still holds the end that is written to; with it open, the other never ends.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let (lines, said) = mpsc::channel();
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
        hear(&String::from_utf8_lossy(&line));
        Ok(())
    };
    let mut ended = None;
    loop {
        match said.recv_timeout(Duration::from_millis(200)) {
            Ok(line) => show(line)?,
            Err(RecvTimeoutError::Disconnected) => break,
            // Something that the command left behind may hold the stream open for ever.
            Err(RecvTimeoutError::Timeout) if is_over(&mut child, &mut ended)? => break,
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
    child.wait()
}

/// Whether the child ended a while ago.
fn is_over(child: &mut Child, ended: &mut Option<Instant>) -> io::Result<bool> {
    if ended.is_none() && child.try_wait()?.is_some() {
        *ended = Some(Instant::now());
    }
    Ok(ended.is_some_and(|ended| ended.elapsed() > Duration::from_secs(2)))
}

/// Whether the command can be run at all, quietly.
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
/// Whether this is a machine that judges changes: `CI=true`, as `.ci/run` and the usual services set it.
pub(crate) fn on_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| value == "true")
}
