//! `cargo xtask openapi`: checks the API description with other people's readers, and a server against it.

use std::process::Command;

use super::no_args;
use crate::consent::Consent;
use crate::process::{self, Outcome, cargo, footbridge_bin, root};
use crate::{npm, packages, python};

pub(super) fn run(args: &[String]) -> Outcome {
    let mut words = args.to_vec();
    let consent = Consent::take(&mut words);
    no_args(&words)?;
    packages::ensure(consent)?;
    process::run(&mut cargo(&["build", "-p", "footbridge"]))?;
    check()
}

/// Runs the checks. The debug binary must be there.
pub(super) fn check() -> Outcome {
    let (python, modules) = (python::ensure()?, npm::openapi_modules()?);
    let mut check = Command::new(python);
    check.arg(root().join("tests/openapi/check.py")).arg(footbridge_bin("debug")?);
    process::run(check.arg(root().join("docs/openapi.json")).arg(modules))
}
