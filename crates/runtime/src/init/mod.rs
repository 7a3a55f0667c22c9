//! The helper processes of a run. Our own program is started anew for each, so that what has to happen between
//! fork and exec happens in ordinary code of a process with one thread.
//!
//! ```text
//! server ── outer ── inner ── app        with a process namespace: inner is its first process
//! server ── outer ── app                 without: outer inherits whatever the app's processes leave
//! ```
//!
//! *outer* holds one end of a socket to the server, and that is the lifeline: when the server is gone, for
//! whatever reason, outer ends everything and itself. *exec* is what the app is before it is the app.

mod exec;
mod inner;
mod outer;
mod stage;
mod wire;

use crate::spec::Layers;
use rustix::thread::UnshareFlags;
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs this process as a helper. `arguments` are those after `__app-init`. Call it before any thread is made.
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

/// Says which layers this machine has.
fn probe() -> std::io::Result<()> {
    let no_namespace = stage::unshare(UnshareFlags::NEWPID | UnshareFlags::NEWNS).err();
    let layers = Layers { no_namespace: no_namespace.map(|error| error.to_string()) };
    serde_json::to_writer(std::io::stdout(), &layers)?;
    Ok(())
}
