//! `cargo xtask fuzz`: feeds random input to the parsers of foreign data.
//!
//! The targets are in `fuzz/` with the layout of cargo-fuzz. Stable Rust is enough: this chore passes the flags for
//! coverage counters to the compiler, and without `unsafe` code a sanitizer is not needed.

use crate::process::{self, Outcome, cargo, root, target_dir};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Seconds for each target without `--seconds`.
const SECONDS: u64 = 60;

/// The flags that make rustc add the coverage counters of libFuzzer.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Ccodegen-units=1 \
    -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares";

pub(super) fn run(args: &[String]) -> Outcome {
    let FuzzArgs { names, seconds, seed } = read(args)?;
    let all = targets()?;
    if let Some(name) = names.iter().find(|name| !all.contains(name)) {
        return Err(format!("there is no fuzz target `{name}`; there are {}", all.join(", ")));
    }
    let picked = if names.is_empty() { all } else { names };
    let built = build(&picked)?;
    let mut failed = Vec::new();
    for name in &picked {
        println!("\n-- {name}, {seconds} s");
        if let Err(error) = fuzz(&built, name, seconds, seed) {
            println!("{error}");
            failed.push(name.as_str());
        }
    }
    if failed.is_empty() {
        println!("\nfuzzed {} targets for {seconds} s each: nothing found", picked.len());
        return Ok(());
    }
    Err(format!(
        "found by {}: the inputs are in fuzz/artifacts; run one again with `cargo xtask fuzz TARGET --seconds 1` \
         after copying it to fuzz/corpus/TARGET",
        failed.join(", ")
    ))
}

#[derive(Debug, PartialEq, Eq)]
struct FuzzArgs {
    names: Vec<String>,
    seconds: u64,
    /// The seed of the random input; 0 for a different one in each run.
    seed: u32,
}

fn read(args: &[String]) -> Result<FuzzArgs, String> {
    let mut fuzz = FuzzArgs { names: Vec::new(), seconds: SECONDS, seed: 0 };
    let mut words = args.iter();
    while let Some(word) = words.next() {
        if word == "--seconds" {
            let value = words.next().and_then(|number| number.parse().ok()).filter(|number| *number > 0);
            fuzz.seconds = value.ok_or("`--seconds` needs a whole number above 0")?;
        } else if word == "--seed" {
            let value = words.next().and_then(|number| number.parse().ok());
            fuzz.seed = value.ok_or("`--seed` needs a whole number")?;
        } else if word.starts_with('-') {
            return Err(format!(
                "`{word}` is not known; `cargo xtask fuzz [TARGET…] [--seconds N] [--seed N]`"
            ));
        } else {
            fuzz.names.push(word.clone());
        }
    }
    Ok(fuzz)
}

/// Returns the names of the targets: one for each file in `fuzz/fuzz_targets`.
fn targets() -> Result<Vec<String>, String> {
    let folder = root().join("fuzz/fuzz_targets");
    let entries = fs::read_dir(&folder).map_err(|e| format!("cannot read {}: {e}", folder.display()))?;
    let mut names: Vec<String> =
        entries.flatten().filter_map(|entry| entry.path().file_stem()?.to_str().map(str::to_owned)).collect();
    names.sort();
    Ok(names)
}

/// Builds targets and returns the directory of the programs.
fn build(names: &[String]) -> Result<PathBuf, String> {
    let host = host()?;
    let target = target_dir()?.join("fuzz");
    let manifest = root().join("fuzz/Cargo.toml");
    let mut build = cargo(&["build", "--target", &host, "--manifest-path"]);
    build.arg(manifest).arg("--target-dir").arg(&target);
    for name in names {
        build.args(["--bin", name]);
    }
    // With `--target`, the flags do not apply to build scripts.
    build.env("RUSTFLAGS", FLAGS).env_remove("CARGO_ENCODED_RUSTFLAGS");
    process::run(&mut build)?;
    Ok(target.join(host).join("debug"))
}

fn host() -> Result<String, String> {
    let shown = Command::new("rustc").arg("-vV").output().map_err(|e| format!("cannot run rustc: {e}"))?;
    let text = String::from_utf8_lossy(&shown.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "`rustc -vV` does not print its host".to_owned())
}

fn fuzz(built: &Path, name: &str, seconds: u64, seed: u32) -> Outcome {
    let found = folder(target_dir()?.join("fuzz/corpus").join(name))?;
    let artifacts = folder(root().join("fuzz/artifacts").join(name))?;
    let mut run = Command::new(built.join(name));
    // New inputs go to the first corpus, outside the repository; the second contains the committed seeds.
    run.arg(found).arg(root().join("fuzz/corpus").join(name));
    run.args(["-timeout=20", "-rss_limit_mb=4096", "-max_len=8192", "-print_final_stats=1", "-verbosity=0"]);
    run.args([format!("-max_total_time={seconds}"), format!("-seed={seed}")]);
    run.arg(format!("-artifact_prefix={}/", artifacts.display()));
    process::run(run.env("FOOTBRIDGE_LOG", "off").current_dir(root()))
}

fn folder(path: PathBuf) -> Result<PathBuf, String> {
    fs::create_dir_all(&path).map_err(|e| format!("cannot make {}: {e}", path.display()))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_targets_and_seconds() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let expected = |names: &str, seconds| FuzzArgs { names: words(names), seconds, seed: 0 };
        assert_eq!(read(&words("json urls --seconds 5")), Ok(expected("json urls", 5)));
        assert_eq!(read(&words("json")), Ok(expected("json", SECONDS)));
        for wrong in ["--seconds", "--seconds 0", "--seconds x", "--time 5"] {
            assert!(read(&words(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn each_target_is_declared_and_has_seeds() {
        let manifest = fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap_or_default();
        for name in targets().unwrap_or_default() {
            assert!(manifest.contains(&format!("name = \"{name}\"")), "{name} is not in fuzz/Cargo.toml");
            let seeds = fs::read_dir(root().join("fuzz/corpus").join(&name)).map_or(0, Iterator::count);
            assert!(seeds > 0, "{name} has no seeds");
        }
    }
}
