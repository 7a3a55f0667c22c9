//! `cargo xtask node`: what the sample apps of the tests need from npm, for whoever runs a test by hand.

use super::no_args;
use crate::npm;
use crate::process::Outcome;

pub(super) fn run(args: &[String]) -> Outcome {
    no_args(args)?;
    npm::ensure()?;
    println!("{}", npm::modules()?.display());
    Ok(())
}
