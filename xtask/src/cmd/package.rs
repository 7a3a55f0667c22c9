//! `cargo xtask package`: the release as a Debian package and as an archive for `cargo binstall`, with completions and
//! manual pages in both.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::no_args;
use crate::process::{self, Outcome, cargo, footbridge_bin, root, target_dir, works};

/// The version of cargo-deb that the manifest of `crates/footbridge` is written for.
const CARGO_DEB: &str = "3.8.0";

pub(super) fn run(args: &[String]) -> Outcome {
    no_args(args)?;
    if !works(&mut cargo(&["deb", "--version"])) {
        return Err(format!("cargo-deb is missing: cargo install --locked cargo-deb --version {CARGO_DEB}"));
    }
    process::run(&mut cargo(&["build", "--release", "--package", "footbridge"]))?;
    let program = footbridge_bin("release")?;
    let extras = extras(&program)?;
    let packages = target_dir()?.join("packages");
    empty(&packages)?;
    process::run(cargo(&["deb", "--no-build", "--package", "footbridge", "--output"]).arg(&packages))?;
    archive(&program, &extras, &packages)?;
    println!("the packages are in {}", packages.display());
    Ok(())
}

/// What the program prints about itself, where the manifest's assets name it.
fn extras(program: &Path) -> Result<std::path::PathBuf, String> {
    let place = root().join("target/package");
    empty(&place)?;
    process::run(Command::new(program).args(["man", "--dir"]).arg(place.join("man")))?;
    for (shell, file) in [("bash", "footbridge.bash"), ("zsh", "_footbridge"), ("fish", "footbridge.fish")] {
        let output = Command::new(program).args(["completion", shell]).output();
        let output = output.map_err(|e| format!("cannot run {}: {e}", program.display()))?;
        if !output.status.success() {
            return Err(format!("`footbridge completion {shell}` failed ({})", output.status));
        }
        fs::write(place.join(file), output.stdout).map_err(|e| format!("cannot write {file}: {e}"))?;
    }
    Ok(place)
}

/// The archive that the manifest's `package.metadata.binstall` names.
fn archive(program: &Path, extras: &Path, packages: &Path) -> Outcome {
    let name = format!("footbridge-{}.tgz", triple()?);
    let programs = program.parent().unwrap_or(program);
    process::run(
        Command::new("tar")
            .args(["--create", "--gzip", "--owner=0", "--group=0", "--file"])
            .arg(packages.join(name))
            .arg("--directory")
            .arg(programs)
            .arg("footbridge")
            .arg("--directory")
            .arg(root())
            .args(["LICENSE", "NOTICE", "README.md"])
            .arg("--directory")
            .arg(extras)
            .args(["man", "footbridge.bash", "_footbridge", "footbridge.fish"]),
    )
}

fn triple() -> Result<String, String> {
    let output = Command::new("rustc").arg("-vV").output().map_err(|e| format!("cannot run rustc: {e}"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let triple = said.lines().find_map(|line| line.strip_prefix("host: "));
    triple.map(str::to_owned).ok_or_else(|| format!("rustc does not name its host: {said}"))
}

fn empty(place: &Path) -> Outcome {
    if place.exists() {
        fs::remove_dir_all(place).map_err(|e| format!("cannot empty {}: {e}", place.display()))?;
    }
    fs::create_dir_all(place).map_err(|e| format!("cannot make {}: {e}", place.display()))
}
