//! `cargo xtask test`: all tests, with what they need set up.

use crate::npm;
use crate::process::{self, Outcome, cargo, footbridge_bin, works};

pub(super) fn run(args: &[String]) -> Outcome {
    npm::ensure()?;
    // The black-box tests drive the real binary. Binaries and tests are built in one go because cargo
    // unites features over what it builds together: asked for apart, most dependencies would be built twice.
    process::run(&mut cargo(&["build", "--workspace", "--bins", "--tests"]))?;
    let mut tests = if works(&mut cargo(&["nextest", "--version"])) {
        cargo(&["nextest", "run", "--workspace", "--no-fail-fast"])
    } else {
        println!("cargo-nextest is not installed: using cargo test");
        cargo(&["test", "--workspace", "--tests", "--no-fail-fast"])
    };
    let footbridge = footbridge_bin("debug")?;
    tests.env("FOOTBRIDGE_BIN", &footbridge).env("FOOTBRIDGE_NODE_MODULES", npm::modules()?);
    let passed = process::run(tests.args(args));
    // Arguments pick some of Rust's tests.
    let pages = if args.is_empty() { npm::test_sdk(&footbridge) } else { Ok(()) };
    passed.and(pages)
}
