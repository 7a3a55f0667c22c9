//! `cargo xtask demo`: builds the binary and runs its demo.

use crate::process::{self, Outcome, cargo};

pub(super) fn run(args: &[String]) -> Outcome {
    let mut demo = cargo(&["run", "--package", "footbridge", "--", "demo"]);
    process::run(demo.args(args))
}
