//! What tests need from npm, installed once for each lock file.

use crate::packages;
use crate::process::{self, Outcome, root, target_dir};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Written last, so that what lies there whole can be told from what was broken off.
const STAMP: &str = "node_modules/.installed.json";

/// Where the sample apps' `node_modules` is: under the target directory, so that the sources stay as they are.
pub(crate) fn modules() -> Result<PathBuf, String> {
    Ok(target_dir()?.join("node").join("node_modules"))
}

/// Sees to it that what the sample apps need is there, and node with it.
pub(crate) fn ensure() -> Outcome {
    packages::ensure()?;
    let place = target_dir()?.join("node");
    fs::create_dir_all(&place).map_err(|e| format!("cannot make {}: {e}", place.display()))?;
    for file in ["package.json", "package-lock.json"] {
        write(&place.join(file), &read(&root().join("tests/node").join(file))?)?;
    }
    install(&place)
}

/// The tests of the page's side, in a real browser, with what they need.
pub(crate) fn test_sdk(footbridge: &Path) -> Outcome {
    let sdk = root().join("sdk/js");
    install(&sdk)?;
    let mut tests = Command::new("npm");
    tests.args(["test", "--silent"]).current_dir(sdk).env("FOOTBRIDGE_BIN", footbridge);
    process::run(&mut tests)
}

/// Installs what the lock file of a directory says.
fn install(place: &Path) -> Outcome {
    let lock = read(&place.join("package-lock.json"))?;
    if fs::read_to_string(place.join(STAMP)).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    let quiet = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    process::run(Command::new("npm").args(quiet).current_dir(place))?;
    write(&place.join(STAMP), &lock)
}

fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|e| format!("cannot read {}: {e}", file.display()))
}

fn write(file: &Path, text: &str) -> Outcome {
    fs::write(file, text).map_err(|e| format!("cannot write {}: {e}", file.display()))
}
