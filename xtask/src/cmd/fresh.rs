//! `cargo xtask fresh`: runs the commands of the README on a system that has only the packages that the README names.

use crate::fresh::Fresh;
use crate::process::Outcome;

/// Installs the packages that the README names and runs its two commands. `--once` and `--yes` replace the user.
const README: [&str; 3] = [
    "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes -o Dpkg::Use-Pty=0 --no-install-recommends build-essential",
    "cargo run -p footbridge -- demo --once",
    "cargo xtask test --yes",
];

/// Installs, starts and removes the Debian package of `cargo xtask package`, for the argument `package`.
const PACKAGE: [&str; 2] = ["apt-get update -qq", "sh packaging/check.sh /packages/*.deb"];

pub(super) fn run(args: &[String]) -> Outcome {
    let keep = args.iter().any(|word| word == "--keep");
    let package = args.iter().any(|word| word == "package");
    if let Some(word) = args.iter().find(|word| !["--keep", "package"].contains(&word.as_str())) {
        return Err(format!(
            "`{word}` is not an argument of this chore; its arguments are --keep and package"
        ));
    }
    let mut fresh = Fresh::new()?;
    if let Err(error) = fresh.make(keep) {
        println!("{error}");
        return fresh.end();
    }
    if package {
        fresh.give_packages()?;
    }
    let lines: &[&str] = if package { &PACKAGE } else { &README };
    for line in lines {
        // After a failure the next command runs all the same: after such a long run, every failure is worth knowing.
        let _ = fresh.run(line);
    }
    if !keep {
        fresh.remove()?;
    }
    fresh.end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_contains_the_commands() {
        let readme = include_str!("../../../README.md");
        let words = readme.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("apt-get install build-essential"));
        for command in ["cargo run -p footbridge -- demo", "cargo xtask test"] {
            assert!(readme.lines().any(|line| line == command), "{command}");
        }
        for (line, part) in
            README.iter().zip(["build-essential", "cargo run -p footbridge -- demo", "cargo xtask test"])
        {
            assert!(line.contains(part), "{line}");
        }
    }
}
