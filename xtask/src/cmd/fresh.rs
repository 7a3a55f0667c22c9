//! `cargo xtask fresh`: the README's commands on a system that has only what the README names.

use crate::fresh::Fresh;
use crate::process::Outcome;

/// What the README names, then its two commands; `--once` and `--yes` because nobody is there to end or to answer.
const README: [&str; 3] = [
    "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes -o Dpkg::Use-Pty=0 --no-install-recommends build-essential",
    "cargo run -p footbridge -- demo --once",
    "cargo xtask test --yes",
];

/// With `package` the Debian package of `cargo xtask package` is installed, started and removed instead.
const PACKAGE: [&str; 2] = ["apt-get update -qq", "sh packaging/check.sh /packages/*.deb"];

pub(super) fn run(args: &[String]) -> Outcome {
    let keep = args.iter().any(|word| word == "--keep");
    let package = args.iter().any(|word| word == "package");
    if let Some(word) = args.iter().find(|word| !["--keep", "package"].contains(&word.as_str())) {
        return Err(format!("`{word}` is none of the words of this chore: --keep, package"));
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
        // The next is tried all the same: what else fails is worth knowing after so long.
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
    fn the_readme_names_what_is_tried() {
        let readme = include_str!("../../../README.md");
        for part in
            ["apt-get install build-essential", "cargo run -p footbridge -- demo\n", "cargo xtask test\n"]
        {
            assert!(readme.contains(part), "{part}");
        }
        for (line, part) in
            README.iter().zip(["build-essential", "cargo run -p footbridge -- demo", "cargo xtask test"])
        {
            assert!(line.contains(part), "{line}");
        }
    }
}
