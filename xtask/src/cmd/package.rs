//! `cargo xtask package`: builds the Debian package of a release and the archive for `cargo binstall`, both with
//! completions and manual pages.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::no_args;
use crate::process::{self, Outcome, cargo, footbridge_bin, root, target_dir, works};

/// The version of cargo-deb that the manifest of `crates/footbridge` is written for.
const CARGO_DEB: &str = "3.8.0";

/// The maintainer in the manifest of `crates/footbridge`.
const MAINTAINER: &str = "Footbridge maintainers <maintainers@footbridge.invalid>";

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
    process::run(
        cargo(&["deb", "--quiet", "--no-build", "--package", "footbridge", "--output"]).arg(&packages),
    )?;
    archive(&program, &extras, &packages)?;
    println!("the packages are in {}", packages.display());
    Ok(())
}

/// Writes completions, manual pages and changelog to the directory that the manifest names.
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
        write(&place.join(file), &String::from_utf8_lossy(&output.stdout))?;
    }
    write(&place.join("changelog"), &changelog()?)?;
    Ok(place)
}

/// Returns the Debian changelog of this version, with the date of the last commit.
fn changelog() -> Result<String, String> {
    let output = Command::new("git").args(["log", "-1", "--format=%cD"]).current_dir(root()).output();
    let output = output.map_err(|e| format!("cannot run git: {e}"))?;
    let date = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if date.is_empty() {
        return Err("git prints no date of the last commit".into());
    }
    Ok(format!(
        "footbridge ({}-1) stable; urgency=medium\n\n  * What is new is in /usr/share/doc/footbridge/CHANGELOG.md.\n\n -- {MAINTAINER}  {date}\n",
        env!("CARGO_PKG_VERSION"),
    ))
}

/// Makes the archive that `package.metadata.binstall` in the manifest names.
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
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let triple = text.lines().find_map(|line| line.strip_prefix("host: "));
    triple.map(str::to_owned).ok_or_else(|| format!("`rustc -vV` does not print its host: {text}"))
}

fn write(file: &Path, text: &str) -> Outcome {
    fs::write(file, text).map_err(|e| format!("cannot write {}: {e}", file.display()))
}

fn empty(place: &Path) -> Outcome {
    if place.exists() {
        fs::remove_dir_all(place).map_err(|e| format!("cannot empty {}: {e}", place.display()))?;
    }
    fs::create_dir_all(place).map_err(|e| format!("cannot make {}: {e}", place.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = include_str!("../../../crates/footbridge/Cargo.toml");

    #[test]
    fn the_assets_of_the_manifest_exist_or_are_made_by_the_chore() {
        let assets: Vec<&str> = MANIFEST.lines().filter_map(|line| line.strip_prefix("    [\"")).collect();
        assert!(assets.len() >= 8, "{assets:?}");
        for asset in assets {
            let path = asset.split('"').next().unwrap_or_default();
            if path.starts_with("target/") || path.starts_with("../../target/") {
                continue;
            }
            let path = root().join("crates/footbridge").join(path.trim_end_matches('*'));
            assert!(path.exists(), "{} is not there", path.display());
        }
        assert!(MANIFEST.contains(&format!("maintainer = \"{MAINTAINER}\"")));
        assert!(MANIFEST.contains("changelog = \"../../target/package/changelog\""));
        for made in ["man/*", "footbridge.bash", "_footbridge", "footbridge.fish"] {
            assert!(MANIFEST.contains(&format!("[\"../../target/package/{made}\"")), "{made}");
        }
        assert!(MANIFEST.contains("/footbridge-{ target }{ archive-suffix }\"\npkg-fmt = \"tgz\""));
    }
}
