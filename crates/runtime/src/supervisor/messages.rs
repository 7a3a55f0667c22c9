//! Texts that say why an app did not start and how to fix it.

use crate::host;
use crate::spec::{SpawnFailure, SpawnStage};
use crate::user::Account;
use footbridge_model::package::{Package, Program};
use rustix::io::Errno;
use std::net::SocketAddr;
use std::time::Duration;

pub(super) const NO_USER: &str = "the server runs as root and no user for apps is configured: set user in [runtime], for example user = \"nobody\" (or \"root\" to run apps as root)";
pub(super) const NO_PROGRAM: &str =
    "its package.json names no program: it has neither bolt.main nor footbridge.command nor routers";
pub(super) const CANCELLED: &str = "it was stopped while it was starting";

/// The system refused something that the start needs.
pub(super) fn system(doing: &str, error: &std::io::Error) -> String {
    format!("the server could not {doing}: {error}")
}

/// The helper could not start the program.
pub(super) fn failed(failed: SpawnFailure, package: &Package, path: &str, account: &Account) -> String {
    let user = match account {
        Account::Separate(user) => format!("user {}", user.name),
        Account::Server | Account::Unset => "the server's user".to_owned(),
    };
    let (dir, error) = (&package.path, std::io::Error::from_raw_os_error(failed.errno));
    match (failed.stage, Errno::from_raw_os_error(failed.errno)) {
        (SpawnStage::Directory, Errno::NOENT | Errno::NOTDIR) => {
            format!("its directory {dir} is gone: restore it, or install the app from its new directory")
        }
        (SpawnStage::Directory, Errno::ACCESS) => format!(
            "{user} may not enter its directory {dir}: give that directory, and each directory above it, the x permission"
        ),
        (SpawnStage::Directory, _) => format!("its directory {dir} cannot be entered: {error}"),
        (SpawnStage::User, _) => format!("the server could not switch to {user}: {error}"),
        (SpawnStage::Program, errno) => program(errno, package, path, &user, &error),
        (SpawnStage::Helper | SpawnStage::Limits, _) => {
            format!("the server could not prepare its process: {error}")
        }
    }
}

fn program(errno: Errno, package: &Package, path: &str, user: &str, error: &std::io::Error) -> String {
    let name = match &package.program {
        Program::Command(words) if !host::is_hosted(package) => words.first().map_or("", String::as_str),
        _ => return node(errno, path, user, error),
    };
    match errno {
        Errno::NOENT | Errno::ACCESS if !name.contains('/') => format!(
            "footbridge.command: {user} cannot find {name} in the PATH ({path}): install it, or write ./{name} for a file of the app"
        ),
        Errno::NOENT => format!(
            "footbridge.command: there is no {name} in {}, or the interpreter that its first line names is missing",
            package.path
        ),
        Errno::ACCESS => {
            format!("footbridge.command: {user} may not run {name}: give it the x permission (chmod +x)")
        }
        Errno::NOEXEC => {
            format!(
                "footbridge.command: {name} is not a program: its first line should name its interpreter (#!/bin/sh)"
            )
        }
        _ => format!("footbridge.command: {name} could not be started: {error}"),
    }
}

fn node(errno: Errno, path: &str, user: &str, error: &std::io::Error) -> String {
    match errno {
        Errno::NOENT => format!("node is not in the PATH ({path}): install Node.js 18 or newer"),
        Errno::ACCESS => format!(
            "{user} cannot find an executable node in the PATH ({path}): install Node.js 18 or newer where all users can run it"
        ),
        _ => format!("node could not be started: {error}"),
    }
}

/// The app ended before it listened.
pub(super) fn ended(how: &str, message: Option<&str>, output: &[String]) -> String {
    let mut why = format!("it ended before it listened ({how})");
    if let Some(message) = message {
        why.push_str(": ");
        why.push_str(message);
    } else if !output.is_empty() {
        why.push_str("; its last lines: ");
        why.push_str(&output.join(" | "));
    }
    why
}

/// The app did not listen in time.
pub(super) fn never_listened(
    package: &Package,
    port: u16,
    waited: Duration,
    others: &[SocketAddr],
) -> String {
    if host::is_hosted(package) {
        return format!(
            "it was not loaded within {waited:?}: its files must finish loading, so move long work out of their top level"
        );
    }
    if others.is_empty() {
        return format!(
            "it did not listen within {waited:?}: it must listen on 127.0.0.1 and the port in PORT ({port})"
        );
    }
    let others: Vec<String> = others.iter().map(SocketAddr::to_string).collect();
    format!(
        "it listens on {} instead of 127.0.0.1 and the port in PORT ({port}): make it listen there",
        others.join(", ")
    )
}

/// Another process has taken the port.
pub(super) fn port_taken(port: u16, owner: &str) -> String {
    format!("its port {port} was taken by {owner} before it could listen: the next start uses another port")
}
