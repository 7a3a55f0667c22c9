//! Runs `tests/node/*.test.mjs`, which drive the Node host over its channel, with Express 4 and 5.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// For each directory of apps: the modules that they can load, and the package of each.
const MODULES: [(&str, &[(&str, &str)]); 2] = [
    ("express4", &[("express", "express4")]),
    ("express5", &[("express", "express5"), ("ws", "ws"), ("socket.io", "socket.io")]),
];

#[test]
fn node_host_runs_apps() {
    run("main.test.mjs");
}

#[test]
fn node_host_names_the_cause_of_published_events() {
    run("cause.test.mjs");
}

#[test]
fn node_host_runs_routers() {
    run("router.test.mjs");
}

fn run(file: &str) {
    let modules = tempfile::tempdir().unwrap();
    for (directory, packages) in MODULES {
        let place = modules.path().join(directory).join("node_modules");
        std::fs::create_dir_all(&place).unwrap();
        for (name, package) in packages {
            let package = installed().join(package);
            assert!(package.is_dir(), "{} is missing: run `cargo xtask node`", package.display());
            symlink(package, place.join(name)).unwrap();
        }
    }
    // Node 18 has no time limit for a file of tests.
    let status = Command::new("timeout")
        .args(["300", "node", "--test"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node").join(file))
        .env("HOST_TEST_MODULES", modules.path())
        .status()
        .expect("install Node.js 18 or later: the tests run it");
    assert!(status.success(), "node --test: {status} (124: not finished after 300 s)");
}

/// The directory with the npm packages of all tests: `FOOTBRIDGE_NODE_MODULES`, or one in the target directory.
fn installed() -> PathBuf {
    if let Some(given) = std::env::var_os("FOOTBRIDGE_NODE_MODULES") {
        return given.into();
    }
    let test = std::env::current_exe().unwrap();
    let found = test.ancestors().skip(1).map(|folder| folder.join("node/node_modules"));
    found.into_iter().find(|path| path.is_dir()).expect("run `cargo xtask node` first")
}
