//! `cargo xtask demo`: the shortest way from a clone to something to look at.

use crate::process::{self, Outcome, cargo};

pub(super) fn run(args: &[String]) -> Outcome {
    let mut demo = cargo(&["run", "--package", "footbridge", "--", "demo"]);
    process::run(demo.args(args))
}
