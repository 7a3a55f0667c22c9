//! Opens addresses in the browser.

use std::process::{Command, Stdio};

/// Programs that open an address in the browser, of Linux desktops and of macOS.
const OPENERS: [&str; 2] = ["xdg-open", "open"];

/// Opens an address in the browser. Returns false if no program can.
pub(super) fn open(url: &str) -> bool {
    OPENERS.iter().any(|program| start(program, url))
}

/// Starts a program with the address. Returns false if there is no such program, or it fails at once.
fn start(program: &str, url: &str) -> bool {
    let quiet = Command::new(program)
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    quiet.is_ok_and(|status| status.success())
}
