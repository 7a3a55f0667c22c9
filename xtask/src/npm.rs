//! What the sample apps of the tests need from npm, installed once for each lock file.

use crate::packages;
use crate::process::{self, Outcome, root, target_dir};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Written last, so that what lies there whole can be told from what was broken off.
const STAMP: &str = "installed.json";

/// Where `node_modules` is: under the target directory, so that the sources stay as they are.
pub(crate) fn modules() -> Result<PathBuf, String> {
    Ok(target_dir()?.join("node").join("node_modules"))
}

/// Sees to it that they are there, and node with them.
pub(crate) fn ensure() -> Outcome {
    packages::ensure()?;
    let lock = read(&root().join("tests/node/package-lock.json"))?;
    let place = target_dir()?.join("node");
    if fs::read_to_string(place.join(STAMP)).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    fs::create_dir_all(&place).map_err(|e| format!("cannot make {}: {e}", place.display()))?;
    write(&place.join("package.json"), &read(&root().join("tests/node/package.json"))?)?;
    write(&place.join("package-lock.json"), &lock)?;
    let quiet = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    process::run(Command::new("npm").args(quiet).current_dir(&place))?;
    write(&place.join(STAMP), &lock)
}

fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|e| format!("cannot read {}: {e}", file.display()))
}

fn write(file: &Path, text: &str) -> Outcome {
    fs::write(file, text).map_err(|e| format!("cannot write {}: {e}", file.display()))
}
