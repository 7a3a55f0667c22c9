//! Why an app did not start, in words that say how to mend it.

use crate::host;
use crate::spec::{Failed, Step};
use crate::user::Account;
use footbridge_model::package::{Package, Program};
use rustix::io::Errno;
use std::net::SocketAddr;
use std::time::Duration;

pub(super) const UNDECIDED: &str = "the server runs as root and was not told whom apps run as: set user in [runtime], for example user = \"nobody\" (or \"root\" if that is meant)";
pub(super) const NOTHING: &str =
    "it has nothing to run: neither bolt.main nor footbridge.command nor routers";
pub(super) const CANCELLED: &str = "it was stopped while it was starting";

/// The system did not let the server start it.
pub(super) fn system(doing: &str, error: &std::io::Error) -> String {
    format!("the server could not {doing}: {error}")
}

/// The program does not run.
pub(super) fn failed(failed: Failed, package: &Package, path: &str, account: &Account) -> String {
    let user = match account {
        Account::Other(other) => format!("user {}", other.name),
        Account::Own | Account::Undecided => "the server's user".to_owned(),
    };
    let (dir, error) = (&package.path, std::io::Error::from_raw_os_error(failed.errno));
    match (failed.step, Errno::from_raw_os_error(failed.errno)) {
        (Step::Directory, Errno::NOENT | Errno::NOTDIR) => {
            format!("its directory {dir} is gone: put it back, or install the app from where it is now")
        }
        (Step::Directory, Errno::ACCESS) => format!(
            "{user} may not enter its directory {dir}: give that directory, and each above it, the x permission"
        ),
        (Step::Directory, _) => format!("its directory {dir} cannot be entered: {error}"),
        (Step::User, _) => format!("the server could not become {user}: {error}"),
        (Step::Program, errno) => program(errno, package, path, &user, &error),
        (Step::Helper | Step::Limits, _) => format!("the server could not prepare its process: {error}"),
    }
}

fn program(errno: Errno, package: &Package, path: &str, user: &str, error: &std::io::Error) -> String {
    let name = match &package.program {
        Program::Command(words) if !host::runs(package) => words.first().map_or("", String::as_str),
        _ => return node(errno, path, user, error),
    };
    match errno {
        Errno::NOENT | Errno::ACCESS if !name.contains('/') => format!(
            "footbridge.command: {name} is not in the PATH ({path}) as {user} sees it: install it, or write ./{name} for a file of the app's own"
        ),
        Errno::NOENT => format!(
            "footbridge.command: there is no {name} in {}, or the interpreter its first line names is missing",
            package.path
        ),
        Errno::ACCESS => {
            format!("footbridge.command: {user} may not run {name}: give it the x permission (chmod +x)")
        }
        Errno::NOEXEC => {
            format!(
                "footbridge.command: {name} is no program: its first line should name its interpreter (#!/bin/sh)"
            )
        }
        _ => format!("footbridge.command: {name} could not be run: {error}"),
    }
}

fn node(errno: Errno, path: &str, user: &str, error: &std::io::Error) -> String {
    match errno {
        Errno::NOENT => format!("node is not in the PATH ({path}): install Node.js 18 or newer"),
        Errno::ACCESS => format!(
            "{user} finds no node that it may run in the PATH ({path}): install Node.js 18 or newer where every user can run it"
        ),
        _ => format!("node could not be run: {error}"),
    }
}

/// It ended before it listened.
pub(super) fn ended(how: &str, message: Option<&str>, output: &[String]) -> String {
    let mut why = format!("it ended before it listened ({how})");
    if let Some(message) = message {
        why.push_str(": ");
        why.push_str(message);
    } else if !output.is_empty() {
        why.push_str("; its last words: ");
        why.push_str(&output.join(" | "));
    }
    why
}

/// It took too long.
pub(super) fn never_listened(
    package: &Package,
    port: u16,
    waited: Duration,
    others: &[SocketAddr],
) -> String {
    if host::runs(package) {
        return format!(
            "it was not loaded within {waited:?}: what its files do while they are loaded must come to an end"
        );
    }
    if others.is_empty() {
        return format!(
            "it did not listen within {waited:?}: it must listen on 127.0.0.1 and the port in PORT ({port})"
        );
    }
    let others: Vec<String> = others.iter().map(SocketAddr::to_string).collect();
    format!(
        "it listens on {} instead of the port in PORT ({port}) of 127.0.0.1: make it listen there",
        others.join(", ")
    )
}

/// Somebody else has the port.
pub(super) fn port_taken(port: u16, owner: &str) -> String {
    format!(
        "port {port}, which it was given, was taken by {owner} meanwhile: the next start gets another port"
    )
}
