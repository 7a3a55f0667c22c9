//! `cargo xtask node`: installs the npm packages of the tests' sample apps, for tests that are run by hand.

use super::no_args;
use crate::consent::Consent;
use crate::process::Outcome;
use crate::{npm, packages};

pub(super) fn run(args: &[String]) -> Outcome {
    let mut words = args.to_vec();
    let consent = Consent::take(&mut words);
    no_args(&words)?;
    packages::ensure(consent)?;
    npm::ensure()?;
    println!("{}", npm::modules()?.display());
    Ok(())
}
