//! `cargo xtask console`: checks the console's types, the types of the API, and its models. Needs Node.

use std::fs;
use std::process::Command;

use super::no_args;
use crate::consent::Consent;
use crate::process::{self, Outcome, root};
use crate::{npm, packages};

pub(super) fn run(args: &[String]) -> Outcome {
    let mut words = args.to_vec();
    let consent = Consent::take(&mut words);
    let write = words.iter().position(|word| word == "--write").map(|at| words.remove(at)).is_some();
    no_args(&words)?;
    packages::ensure(consent)?;
    check(write)
}

/// Checks the console as a step of `ci`.
pub(super) fn run_with(consent: Consent) -> Outcome {
    packages::ensure(consent)?;
    check(false)
}

/// Checks the console; with `write`, renews the types of the API first.
fn check(write: bool) -> Outcome {
    let console = root().join("console");
    npm::console_packages()?;
    let made = console.join("node_modules/.api.d.ts");
    let mut types = Command::new("node");
    types
        .arg("node_modules/openapi-typescript/bin/cli.js")
        .arg("../docs/openapi.json")
        .arg("--output")
        .arg(&made);
    process::run(types.current_dir(&console))?;
    let read = |file| fs::read_to_string(file).map_err(|e| format!("cannot read the types of the API: {e}"));
    let kept = console.join("api.d.ts");
    let new = read(&made)?;
    if write {
        fs::write(&kept, &new).map_err(|e| format!("cannot write {}: {e}", kept.display()))?;
    } else if read(&kept)? != new {
        return Err(
            "console/api.d.ts is older than docs/openapi.json: run `cargo xtask console --write`".into()
        );
    }
    let mut compiler = Command::new("node");
    compiler.args(["node_modules/typescript7/bin/tsc", "-p", "."]);
    process::run(compiler.current_dir(&console))
}
