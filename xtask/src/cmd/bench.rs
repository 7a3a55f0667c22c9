//! `cargo xtask bench`: measures the release build.

use crate::process::{self, Outcome, cargo, footbridge_bin};

pub(super) fn run(args: &[String]) -> Outcome {
    // Two separate builds: cargo joins the features of packages that are built together, and the measured binary must
    // be the one that users get.
    process::run(&mut cargo(&["build", "--release", "--package", "footbridge"]))?;
    let mut bench = cargo(&["run", "--release", "--package", "footbridge-benches", "--"]);
    bench.args(args.iter().filter(|word| *word != "--")).env("FOOTBRIDGE_BIN", footbridge_bin("release")?);
    process::run(&mut bench)
}
