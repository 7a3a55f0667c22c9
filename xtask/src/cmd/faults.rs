//! `cargo xtask faults`: runs the tests of each case in `docs/faults.md` and prints a verdict for each.

use crate::consent::Consent;
use crate::process::{Outcome, cargo, footbridge_bin, root};
use crate::{npm, packages};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Stdio;

/// The page with the list of cases.
const PAGE: &str = "docs/faults.md";

/// The variables that `--long` sets: more kills, more crash images, a longer freeze, more seeds.
const LONG: [(&str, &str); 4] = [
    ("FOOTBRIDGE_KILLS", "200"),
    ("FOOTBRIDGE_IMAGES", "400"),
    ("FOOTBRIDGE_FREEZE", "90"),
    ("FOOTBRIDGE_SIM_RUNS", "4000"),
];

/// One row of the page: a fault and its tests.
#[derive(Debug, PartialEq, Eq)]
struct Case {
    number: u32,
    fault: String,
    tests: Vec<Proof>,
}

/// A test that injects the fault of a case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Proof {
    package: String,
    test: String,
}

pub(super) fn run(args: &[String]) -> Outcome {
    let page = fs::read_to_string(root().join(PAGE)).map_err(|e| format!("cannot read {PAGE}: {e}"))?;
    let mut words = args.to_vec();
    let consent = Consent::take(&mut words);
    let long = words.iter().any(|word| word == "--long");
    let picked: Vec<&String> = words.iter().filter(|word| *word != "--long").collect();
    let mut cases = cases(&page);
    for word in &picked {
        if !cases.iter().any(|case| case.number.to_string() == **word) {
            return Err(format!("there is no case `{word}` in {PAGE}"));
        }
    }
    if !picked.is_empty() {
        cases.retain(|case| picked.iter().any(|word| **word == case.number.to_string()));
    }
    packages::ensure(consent)?;
    npm::ensure()?;
    crate::process::run(&mut cargo(&["build", "--workspace", "--bins", "--examples"]))?;
    let mut by_package: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for proof in cases.iter().flat_map(|case| &case.tests) {
        by_package.entry(&proof.package).or_default().insert(&proof.test);
    }
    let mut passed = BTreeSet::new();
    for (package, tests) in by_package {
        passed.extend(test(package, &tests, long)?.into_iter().map(|test| (package.to_owned(), test)));
    }
    report(&cases, &passed)
}

/// Runs tests of a package and returns the names of those that passed.
fn test(package: &str, tests: &BTreeSet<&str>, long: bool) -> Result<Vec<String>, String> {
    println!("\n-- {package}: {} tests", tests.len());
    let mut command =
        cargo(&["test", "--quiet", "--no-fail-fast", "-p", package, "--tests", "--", "--exact"]);
    command.args(["--include-ignored", "--format", "pretty"]).args(tests);
    command.env("FOOTBRIDGE_BIN", footbridge_bin("debug")?).env("FOOTBRIDGE_NODE_MODULES", npm::modules()?);
    if long {
        command.envs(LONG);
    }
    let output = command.stderr(Stdio::inherit()).output().map_err(|e| format!("cannot run cargo: {e}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        print!("{text}");
    }
    Ok(passing(&text))
}

/// Reads the names of passed tests from the output of libtest.
fn passing(text: &str) -> Vec<String> {
    let ok = |line: &str| {
        let (test, ended) = line.strip_prefix("test ")?.split_once(" ... ")?;
        (ended == "ok").then(|| test.trim().to_owned())
    };
    text.lines().filter_map(ok).collect()
}

fn report(cases: &[Case], passed: &BTreeSet<(String, String)>) -> Outcome {
    let mut failed = Vec::new();
    println!();
    for case in cases {
        let bad: Vec<&str> = case
            .tests
            .iter()
            .filter(|proof| !passed.contains(&(proof.package.clone(), proof.test.clone())))
            .map(|proof| proof.test.as_str())
            .collect();
        let verdict = match (case.tests.is_empty(), bad.is_empty()) {
            (true, _) => "no test: see the page".to_owned(),
            (false, true) => format!("passed ({} tests)", case.tests.len()),
            (false, false) => format!("FAILED: {}", bad.join(", ")),
        };
        println!("{:>3}  {:<60}  {verdict}", case.number, shorten(&case.fault));
        if !bad.is_empty() {
            failed.push(case.number.to_string());
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("failed: case {}", failed.join(", "))) }
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= 60 { text.to_owned() } else { text.chars().take(59).chain(['…']).collect() }
}

/// Reads the rows of the page: number, fault, expectation, tests, result.
fn cases(page: &str) -> Vec<Case> {
    let row = |line: &str| {
        let mut cells = line.strip_prefix("| ")?.split(" | ");
        let number = cells.next()?.trim().parse().ok()?;
        let fault = cells.next()?.trim().to_owned();
        let proof = cells.nth(1)?;
        Some(Case { number, fault, tests: proofs(proof) })
    };
    page.lines().filter_map(row).collect()
}

/// Reads the tests of a cell, written as `` `package:path::of::test` ``.
fn proofs(cell: &str) -> Vec<Proof> {
    let named = cell.split('`').skip(1).step_by(2).filter_map(|text| text.split_once(':'));
    let proof = |(package, test): (&str, &str)| Proof {
        package: format!("footbridge-{package}"),
        test: test.to_owned(),
    };
    named.filter(|(_, test)| !test.starts_with(':')).map(proof).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::{Path, PathBuf};

    /// Returns the directories with the sources of a package's tests.
    fn sources(package: &str) -> Vec<PathBuf> {
        let short = package.strip_prefix("footbridge-").unwrap_or(package);
        match short {
            "tests" => vec![root().join("tests/it")],
            "sim" => vec![root().join("tests/sim")],
            short => vec![root().join("crates").join(short)],
        }
    }

    /// Returns true if the sources of the package contain a function with the name of the test.
    fn is_there(proof: &Proof) -> bool {
        let name = proof.test.rsplit("::").next().unwrap_or_default();
        sources(&proof.package).iter().any(|folder| holds(folder, &format!("fn {name}(")))
    }

    fn holds(folder: &Path, text: &str) -> bool {
        let Ok(entries) = fs::read_dir(folder) else { return false };
        entries.flatten().map(|entry| entry.path()).any(|path| {
            if path.is_dir() {
                return holds(&path, text);
            }
            path.extension().is_some_and(|end| end == "rs")
                && fs::read_to_string(&path).is_ok_and(|source| source.contains(text))
        })
    }

    #[test]
    fn a_row_is_a_case_with_its_tests() {
        let page = "| # | fault | expected | proof | result |\n|---|---|---|---|---|\n\
            | 1 | killed | all there | `tests:promise::a`, `sim:b`; by hand | passed |\n| 2 | x | y | not tried | – |\n";
        let proof = |package: &str, test: &str| Proof { package: package.into(), test: test.into() };
        let expected = [
            Case {
                number: 1,
                fault: "killed".into(),
                tests: vec![proof("footbridge-tests", "promise::a"), proof("footbridge-sim", "b")],
            },
            Case { number: 2, fault: "x".into(), tests: Vec::new() },
        ];
        assert_eq!(cases(page), expected);
    }

    #[test]
    fn passed_tests_are_read_from_the_output_of_libtest() {
        let text = "\nrunning 2 tests\ntest a::b ... ok\ntest a::c ... FAILED\n\nfailures:\n";
        assert_eq!(passing(text), ["a::b"]);
    }

    #[test]
    fn the_page_lists_every_case_with_existing_tests() {
        let cases = cases(&fs::read_to_string(root().join(PAGE)).unwrap_or_default());
        let numbers: Vec<u32> = cases.iter().map(|case| case.number).collect();
        assert_eq!(numbers, (1..=48).collect::<Vec<_>>());
        for case in &cases {
            for proof in &case.tests {
                assert!(is_there(proof), "case {}: there is no {proof:?}", case.number);
            }
        }
    }
}
