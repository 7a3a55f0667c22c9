//! The helper processes of a run. Each is the server's own program, started again. So everything that has to
//! happen between fork and exec runs as ordinary code in a process with one thread.
//!
//! ```text
//! server ── outer ── inner ── app        with a process namespace: inner is its first process
//! server ── outer ── app                 without: outer becomes the parent of orphaned processes
//! ```
//!
//! *outer* holds one end of a socket to the server. When the server ends for any reason, the socket closes, and
//! outer kills the whole run and exits. *exec* is the app's process before it executes the app's program.

mod common;
mod exec;
mod inner;
mod line_socket;
mod outer;

use crate::spec::Isolation;
use rustix::thread::UnshareFlags;
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs this process as a helper. `arguments` are those after `__app-init`. Call it before starting any thread.
pub fn init_main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let words: Vec<&str> = arguments.iter().filter_map(|argument| argument.to_str()).collect();
    let done = match words.as_slice() {
        [] => outer::run(),
        ["inner"] => inner::run(),
        ["exec", parent] => exec::run(parent.parse().ok()),
        ["probe"] => probe(),
        _ => return ExitCode::from(2),
    };
    if done.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints which isolation this machine supports.
fn probe() -> std::io::Result<()> {
    let no_namespace = common::unshare(UnshareFlags::NEWPID | UnshareFlags::NEWNS).err();
    let isolation = Isolation { no_namespace: no_namespace.map(|error| error.to_string()) };
    serde_json::to_writer(std::io::stdout(), &isolation)?;
    Ok(())
}
