//! `cargo xtask bench`: measures the product as it ships.

use crate::process::{self, Outcome, cargo, footbridge_bin};

pub(super) fn run(args: &[String]) -> Outcome {
    // Two builds on purpose: cargo unites the features of what is built together, and the binary to be
    // measured must be the one a user gets.
    process::run(&mut cargo(&["build", "--release", "--package", "footbridge"]))?;
    let mut bench = cargo(&["run", "--release", "--package", "footbridge-benches", "--"]);
    bench.args(args.iter().filter(|word| *word != "--")).env("FOOTBRIDGE_BIN", footbridge_bin("release")?);
    process::run(&mut bench)
}
