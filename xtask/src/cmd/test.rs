//! `cargo xtask test`: all tests, with what they need set up.

use std::process::Command;

use crate::consent::Consent;
use crate::process::{self, Outcome, cargo, footbridge_bin, works};
use crate::results::{Reader, Results, Runner};
use crate::{npm, packages};

pub(super) fn run(args: &[String]) -> Outcome {
    let mut words = args.to_vec();
    let consent = Consent::take(&mut words);
    run_with(&words, consent)
}

/// The tests that `words` pick, or all.
pub(super) fn run_with(words: &[String], consent: Consent) -> Outcome {
    packages::ensure(consent)?;
    npm::ensure()?;
    // The black-box tests drive the real binary, others the examples. All is built in one go because cargo unites
    // features over what it builds together: asked for apart, most dependencies would be built twice.
    process::run(&mut cargo(&["build", "--workspace", "--bins", "--tests", "--examples"]))?;
    let footbridge = footbridge_bin("debug")?;
    let (runner, mut tests) = rust_tests(words);
    tests.env("FOOTBRIDGE_BIN", &footbridge).env("FOOTBRIDGE_NODE_MODULES", npm::modules()?);
    let (ended, mut results) = heard(runner, &mut tests);
    // Words pick some of Rust's tests.
    let pages = if words.is_empty() {
        let (ended, of_pages) = heard(Runner::Sdk, &mut npm::sdk_tests(&footbridge)?);
        results.add(of_pages);
        ended
    } else {
        Ok(())
    };
    judge(words, ended.and(pages), &results)
}

fn judge(words: &[String], ended: Outcome, results: &Results) -> Outcome {
    if !results.failed.is_empty() {
        return Err(format!("tests failed\n\n{}", results.summary()));
    }
    if results.passed == 0 && !words.is_empty() {
        return Err(format!("no test has `{}` in its name", words.join("` or `")));
    }
    ended?;
    println!("\n{}", results.summary());
    Ok(())
}

fn rust_tests(words: &[String]) -> (Runner, Command) {
    if works(&mut cargo(&["nextest", "--version"])) {
        let mut tests = cargo(&["nextest", "run", "--workspace", "--no-fail-fast"]);
        // A bug that shows in one of a hundred runs is rarely one of the change that is judged.
        if process::on_ci() {
            tests.args(["--retries", "1"]);
        }
        tests.args(words);
        return (Runner::Nextest, tests);
    }
    println!("cargo-nextest is not installed: using cargo test");
    let mut tests = cargo(&["test", "--workspace", "--tests", "--no-fail-fast"]);
    // Cargo itself takes one name; the programs it runs take any number.
    let (options, names): (Vec<_>, Vec<_>) = words.iter().partition(|word| word.starts_with('-'));
    tests.args(options).arg("--").args(names);
    (Runner::Cargo, tests)
}

fn heard(runner: Runner, tests: &mut Command) -> (Outcome, Results) {
    let mut reader = Reader::new(runner);
    let ended = process::tee(tests, |line| reader.line(line));
    (ended, reader.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_comes_last_and_a_name_that_no_test_has_is_told() {
        let results = Results { passed: 1, failed: vec!["it a::b".into()], flaky: Vec::new() };
        let failed = judge(&[], Err("`cargo test` failed".into()), &results).unwrap_err();
        assert!(failed.ends_with("failed:\n  it a::b\n1 passed, 1 failed"), "{failed}");
        let none = judge(&["nonsense".into()], Ok(()), &Results::default()).unwrap_err();
        assert_eq!(none, "no test has `nonsense` in its name");
        let unbuilt = judge(&[], Err("`cargo test` failed".into()), &Results::default());
        assert_eq!(unbuilt, Err("`cargo test` failed".into()));
    }
}
