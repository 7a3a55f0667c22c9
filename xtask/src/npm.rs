//! The npm packages of the tests, installed once for each lock file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{self, Outcome, root, target_dir, works};

/// Written after a complete installation, so that an interrupted one is noticed.
const STAMP: &str = "node_modules/.installed.json";

/// The version of npm for a machine without npm. Debian's package would install some 480 more packages; this is one file
/// of 3 MB in the target directory that runs on any Node from 18.17 on.
const NPM: &str = "10.9.9";
const NPM_SHA512: &str =
    "sha512-1g+6jLQvaIuB4zwvHL7yrXuXcWZwDsCtBX8bbWDqbvJSSr9nPiDDWTHNgwXR27iIcTTW7v3A57hDW9RYv2W4Yg==";

/// Returns the `node_modules` of the sample apps, which is in the target directory.
pub(crate) fn modules() -> Result<PathBuf, String> {
    Ok(target_dir()?.join("node").join("node_modules"))
}

/// Installs the packages of the sample apps if they are missing. Node must be installed.
pub(crate) fn ensure() -> Outcome {
    let place = target_dir()?.join("node");
    fs::create_dir_all(&place).map_err(|e| format!("cannot make {}: {e}", place.display()))?;
    copy_lists("tests/node", &place)?;
    install(&place, "26 MB")
}

/// Installs the readers of the API description if they are missing, and returns their `node_modules`.
pub(crate) fn openapi_modules() -> Result<PathBuf, String> {
    let place = target_dir()?.join("openapi");
    fs::create_dir_all(&place).map_err(|e| format!("cannot make {}: {e}", place.display()))?;
    copy_lists("tests/openapi", &place)?;
    install(&place, "85 MB")?;
    Ok(place.join("node_modules"))
}

fn copy_lists(from: &str, place: &Path) -> Outcome {
    for file in ["package.json", "package-lock.json"] {
        write(&place.join(file), &read(&root().join(from).join(file))?)?;
    }
    Ok(())
}

/// Installs the packages of the SDK's tests if they are missing, and returns the command that runs the tests.
pub(crate) fn sdk_tests(footbridge: &Path) -> Result<Command, String> {
    let sdk = root().join("sdk/js");
    install(&sdk, "104 MB")?;
    let mut tests = Command::new("node");
    tests.arg("test/support/run.js").current_dir(sdk).env("FOOTBRIDGE_BIN", footbridge);
    Ok(tests)
}

/// Installs the packages of the console's checks if they are missing.
pub(crate) fn console_packages() -> Outcome {
    install(&root().join("console"), "140 MB")
}

/// Installs the packages of the console's tests if they are missing, and returns the command that runs the tests.
pub(crate) fn console_tests(footbridge: &Path) -> Result<Command, String> {
    let console = root().join("console");
    console_packages()?;
    let mut tests = Command::new("node");
    let folder = console.join("test");
    tests.arg(root().join("sdk/js/test/support/run.js"));
    tests.current_dir(console).env("FOOTBRIDGE_BIN", footbridge).env("TEST_FOLDER", folder);
    Ok(tests)
}

/// Installs the packages of a lock file. `size` is their approximate size for the output.
fn install(place: &Path, size: &str) -> Outcome {
    let lock = read(&place.join("package-lock.json"))?;
    if fs::read_to_string(place.join(STAMP)).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    let mut npm = npm()?;
    println!("npm packages of the tests: {size} into {}", place.join("node_modules").display());
    let quiet = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    process::run(npm.args(quiet).current_dir(place))?;
    write(&place.join(STAMP), &lock)
}

/// Returns the machine's npm, or downloads one.
fn npm() -> Result<Command, String> {
    if works(Command::new("npm").arg("--version")) {
        return Ok(Command::new("npm"));
    }
    let place = target_dir()?.join(format!("npm-{NPM}"));
    if !place.is_dir() {
        fetch(&place)?;
    }
    let mut npm = Command::new("node");
    npm.arg(place.join("bin/npm-cli.js"));
    Ok(npm)
}

/// Downloads npm from the configured registry, checks its digest and moves it to `place`. An interrupted download leaves
/// nothing there.
fn fetch(place: &Path) -> Outcome {
    println!("npm is missing here: {NPM} (3 MB) into {}", place.display());
    let unfinished = place.with_extension("part");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(|e| format!("cannot empty {}: {e}", unfinished.display()))?;
    }
    fs::create_dir_all(&unfinished).map_err(|e| format!("cannot make {}: {e}", unfinished.display()))?;
    let archive = unfinished.join("npm.tgz");
    let address = format!("{}/npm/-/npm-{NPM}.tgz", registry());
    let get = ["--fail", "--silent", "--show-error", "--location", "--retry", "3", "--output"];
    process::run(Command::new("curl").args(get).arg(&archive).arg(&address))?;
    let digest = "const { createHash } = require('crypto'); const { readFileSync } = require('fs');
        console.log('sha512-' + createHash('sha512').update(readFileSync(process.argv[1])).digest('base64'))";
    let output = Command::new("node").args(["-e", digest]).arg(&archive).output();
    let output = output.map_err(|e| format!("cannot run node: {e}"))?;
    let found = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if found != NPM_SHA512 {
        return Err(format!("{address} is not npm {NPM}: its digest is {found}, not {NPM_SHA512}"));
    }
    process::run(Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(&unfinished))?;
    let unpacked = unfinished.join("package");
    fs::rename(&unpacked, place).map_err(|e| format!("cannot move {}: {e}", unpacked.display()))?;
    fs::remove_dir_all(&unfinished).map_err(|e| format!("cannot remove {}: {e}", unfinished.display()))
}

/// Returns the registry from the environment, from the user's `.npmrc`, or npm's default.
pub(crate) fn registry() -> String {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let of_file = || {
        let home = std::env::var_os("HOME")?;
        let text = fs::read_to_string(Path::new(&home).join(".npmrc")).ok()?;
        text.lines()
            .find_map(|line| line.trim().strip_prefix("registry=").map(|value| value.trim().to_owned()))
    };
    let found = variable("npm_config_registry").or_else(|| variable("NPM_CONFIG_REGISTRY")).or_else(of_file);
    let found = found.unwrap_or_else(|| "https://registry.npmjs.org".to_owned());
    found.trim_end_matches('/').to_owned()
}

fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|e| format!("cannot read {}: {e}", file.display()))
}

fn write(file: &Path, text: &str) -> Outcome {
    fs::write(file, text).map_err(|e| format!("cannot write {}: {e}", file.display()))
}
