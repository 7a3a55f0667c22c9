//! Programs that tests run besides ours, installed when they are missing.

use crate::process::{self, Outcome, works};
use std::process::Command;

/// The program of each and the Debian package that has it. The README's tour is a test and uses the first two;
/// installed apps are written for Node, and in Perl where they are not; pages are shown in a real browser.
const NEEDED: [(&str, &str); 5] =
    [("curl", "curl"), ("perl", "perl"), ("node", "nodejs"), ("npm", "npm"), ("chromium", "chromium")];

/// Sees to it that they are there.
pub(crate) fn ensure() -> Outcome {
    let missing: Vec<&str> = NEEDED
        .iter()
        .filter(|(program, _)| !works(Command::new(program).arg("--version")))
        .map(|(_, package)| *package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !works(Command::new("apt-get").arg("--version")) {
        return Err(format!("install {} first: the tests run them", missing.join(" and ")));
    }
    process::run(&mut apt(&["update", "-qq"]))?;
    let install = ["install", "-qq", "--yes", "--no-install-recommends"];
    process::run(apt(&install).args(missing))
}

fn apt(args: &[&str]) -> Command {
    let root = std::env::var("USER").is_ok_and(|user| user == "root")
        || !works(Command::new("sudo").arg("--version"));
    let mut command = Command::new(if root { "apt-get" } else { "sudo" });
    if !root {
        command.arg("apt-get");
    }
    command.args(args).env("DEBIAN_FRONTEND", "noninteractive");
    command
}
