//! The Node host, driven over its control channel by `tests/node/*.test.mjs` with the Express versions
//! people use.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};
use std::process::Command;

/// What the apps of the tests need, by the directory they are written below.
const MODULES: [(&str, &[&str]); 2] =
    [("express4", &["express@4"]), ("express5", &["express@5", "ws@8", "socket.io@4"])];

#[test]
fn the_node_host_runs_apps() {
    run("main.test.mjs");
}

#[test]
fn the_node_host_runs_routers() {
    run("router.test.mjs");
}

fn run(file: &str) {
    let modules = Path::new(env!("CARGO_TARGET_TMPDIR")).join("node-modules");
    for (name, packages) in MODULES {
        install(&modules.join(name), packages);
    }
    let status = Command::new("node")
        .args(["--test", "--test-timeout=110000"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node").join(file))
        .env("HOST_TEST_MODULES", &modules)
        .status()
        .expect("install Node.js 18 or later: the tests run it");
    assert!(status.success(), "node --test: {status}");
}

/// Once, and then kept beside what was built. Whole or not at all: a run that was cut off leaves nothing.
fn install(directory: &PathBuf, packages: &[&str]) {
    if directory.is_dir() {
        return;
    }
    let unfinished = directory.with_extension(std::process::id().to_string());
    std::fs::create_dir_all(&unfinished).unwrap();
    std::fs::write(unfinished.join("package.json"), "{\"private\": true}").unwrap();
    let status = Command::new("npm")
        .args(["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"])
        .args(packages)
        .current_dir(&unfinished)
        .status()
        .expect("install npm: the tests fetch Express with it");
    assert!(status.success(), "npm install {packages:?}: {status}");
    // The other test may have been faster.
    let moved = std::fs::rename(&unfinished, directory);
    assert!(moved.is_ok() || directory.is_dir(), "{moved:?}");
    std::fs::remove_dir_all(&unfinished).ok();
}
