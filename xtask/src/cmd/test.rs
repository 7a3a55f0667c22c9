//! `cargo xtask test`: runs all tests after installing what they need.

use std::process::Command;

use super::openapi;
use crate::consent::Consent;
use crate::process::{self, Outcome, cargo, footbridge_bin, works};
use crate::results::{Reader, Results, Runner};
use crate::{npm, packages};

pub(super) fn run(args: &[String]) -> Outcome {
    let mut words = args.to_vec();
    let consent = Consent::take(&mut words);
    run_with(&words, consent)
}

/// Runs the tests that `words` select, or all.
pub(super) fn run_with(words: &[String], consent: Consent) -> Outcome {
    packages::ensure(consent)?;
    npm::ensure()?;
    // Black-box tests use the real binary, other tests use examples. One command builds everything, because cargo joins
    // the features of packages that are built together; separate commands would build most dependencies twice.
    process::run(&mut cargo(&["build", "--workspace", "--bins", "--tests", "--examples"]))?;
    let footbridge = footbridge_bin("debug")?;
    let (runner, mut tests) = rust_tests(words);
    tests.env("FOOTBRIDGE_BIN", &footbridge).env("FOOTBRIDGE_NODE_MODULES", npm::modules()?);
    let (ended, mut results) = run_and_read(runner, &mut tests);
    // With names, only some tests of Rust run.
    let pages = if words.is_empty() {
        let (ended, of_pages) = run_and_read(Runner::Sdk, &mut npm::sdk_tests(&footbridge)?);
        results.add(of_pages);
        let (console, of_console) = run_and_read(Runner::Sdk, &mut npm::console_tests(&footbridge)?);
        results.add(of_console);
        // The examples in doc comments, which nextest does not run.
        let examples = || process::run(&mut cargo(&["test", "--workspace", "--doc"]));
        ended.and(console).and_then(|()| examples()).and_then(|()| openapi::check())
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
        // A test that fails in one of a hundred runs rarely shows a bug of this change.
        if process::on_ci() {
            tests.args(["--retries", "1"]);
        }
        tests.args(words);
        return (Runner::Nextest, tests);
    }
    println!("cargo-nextest is not installed: using cargo test");
    let mut tests = cargo(&["test", "--workspace", "--tests", "--no-fail-fast"]);
    // Cargo accepts one name; the test programs accept any number.
    let (options, names): (Vec<_>, Vec<_>) = words.iter().partition(|word| word.starts_with('-'));
    tests.args(options).arg("--").args(names);
    (Runner::Cargo, tests)
}

fn run_and_read(runner: Runner, tests: &mut Command) -> (Outcome, Results) {
    let mut reader = Reader::new(runner);
    let ended = process::tee(tests, |line| reader.line(line));
    (ended, reader.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_tests_come_last_and_a_name_without_tests_is_an_error() {
        let results = Results { passed: 1, failed: vec!["it a::b".into()], flaky: Vec::new() };
        let failed = judge(&[], Err("`cargo test` failed".into()), &results).unwrap_err();
        assert!(failed.ends_with("failed:\n  it a::b\n1 passed, 1 failed"), "{failed}");
        let none = judge(&["nonsense".into()], Ok(()), &Results::default()).unwrap_err();
        assert_eq!(none, "no test has `nonsense` in its name");
        let unbuilt = judge(&[], Err("`cargo test` failed".into()), &Results::default());
        assert_eq!(unbuilt, Err("`cargo test` failed".into()));
    }
}
