//! The results of the tests, read from the output of their runners.

use std::fmt::Write as _;

/// The program that runs tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Runner {
    /// The command `cargo nextest run`.
    Nextest,
    /// The command `cargo test`.
    Cargo,
    /// The script `sdk/js/test/support/run.js` of the SDK.
    Sdk,
}

/// The results of all tests.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Results {
    pub(crate) passed: usize,
    /// One line for each failed test.
    pub(crate) failed: Vec<String>,
    /// One line for each test that failed and passed in the second run.
    pub(crate) flaky: Vec<String>,
}

/// Reads the output of one runner line by line.
#[derive(Debug)]
pub(crate) struct Reader {
    runner: Runner,
    results: Results,
    /// The test program that runs now.
    file: Option<String>,
    listed: Option<Vec<String>>,
    in_summary: bool,
}

/// Statuses of nextest for tests that did not fail.
const GOOD: [&str; 6] = ["PASS", "SLOW", "LEAK", "SKIP", "PASS+SLOW", "TMPASS"];

impl Reader {
    pub(crate) fn new(runner: Runner) -> Self {
        Self { runner, results: Results::default(), file: None, listed: None, in_summary: false }
    }

    /// Reads one line, with or without colours.
    pub(crate) fn line(&mut self, line: &str) {
        let line = plain(line);
        let line = line.trim_end();
        match self.runner {
            Runner::Nextest => self.nextest(line),
            Runner::Cargo => self.cargo(line),
            Runner::Sdk => self.sdk(line),
        }
    }

    /// Ends the reading and returns the results.
    pub(crate) fn end(mut self) -> Results {
        self.program_died();
        self.results
    }

    fn nextest(&mut self, line: &str) {
        if let Some(summary) = line.trim_start().strip_prefix("Summary [") {
            self.in_summary = true;
            self.results.passed = number_before(summary, " passed").unwrap_or(0);
            return;
        }
        // Status, [time], (number/total), program, name.
        let Some((head, tail)) = line.split_once(']') else { return };
        let Some((status, _time)) = head.trim_start().split_once('[') else { return };
        let status = status.trim();
        // The output of failed tests is here too, and may contain brackets.
        let is_status = |c: char| c.is_ascii_uppercase() || "+-/ ".contains(c) || c.is_ascii_digit();
        let is_good = GOOD.contains(&status) || status.starts_with("TRY ");
        if !self.in_summary || status.is_empty() || is_good || !status.chars().all(is_status) {
            return;
        }
        let tail = tail.trim_start();
        let name = match tail.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
            Some((_number, name)) => name.trim(),
            None => tail,
        };
        // A test that ran again has a line for each try, `TRY 1 FAIL`; the last line has the result.
        let list =
            if status.starts_with("FLAKY") { &mut self.results.flaky } else { &mut self.results.failed };
        if !name.is_empty() && !list.iter().any(|known| known == name) {
            list.push(name.to_owned());
        }
    }

    fn cargo(&mut self, line: &str) {
        if let Some(rest) = line.trim_start().strip_prefix("Running ") {
            // Only cargo prints the path of a program here; a test that prints the word does not.
            let program = rest.strip_suffix(')').and_then(|rest| rest.rsplit_once('('));
            if let Some((_, program)) = program.filter(|(_, program)| program.contains("/deps/")) {
                self.program_died();
                self.file = Some(stem(program).to_owned());
                return;
            }
        }
        if line == "failures:" {
            self.listed = Some(Vec::new());
        } else if let Some(counts) = line.strip_prefix("test result: ") {
            self.results.passed += number_before(counts, " passed").unwrap_or(0);
            let file = self.file.take().unwrap_or_default();
            for name in self.listed.take().unwrap_or_default() {
                self.results.failed.push(format!("{file} {name}"));
            }
        } else if let (Some(listed), Some(name)) = (&mut self.listed, line.strip_prefix("    "))
            && !name.starts_with(' ')
            && !name.is_empty()
        {
            listed.push(name.to_owned());
        }
    }

    /// Records a test program that ended without a result, because its process died.
    fn program_died(&mut self) {
        self.listed = None;
        if let Some(file) = self.file.take() {
            self.results.failed.push(format!("{file}: the process of these tests ended before they did"));
        }
    }

    fn sdk(&mut self, line: &str) {
        if let Some(name) = line.strip_prefix("failed: ") {
            self.results.failed.push(format!("sdk/js {name}"));
        } else if let Some(name) = line.strip_prefix("flaky: ") {
            self.results.flaky.push(format!("sdk/js {name}"));
        } else if line.contains(" passed, ") && line.ends_with(" skipped") {
            self.results.passed = number_before(line, " passed").unwrap_or(0);
        }
    }
}

impl Results {
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed.extend(other.failed);
        self.flaky.extend(other.flaky);
    }

    /// Returns the failed tests, the flaky ones, and the counts on the last line.
    pub(crate) fn summary(&self) -> String {
        let mut text = String::new();
        for (title, names) in [("flaky, passed when run again:", &self.flaky), ("failed:", &self.failed)] {
            if !names.is_empty() {
                let _ = writeln!(text, "{title}");
            }
            for name in names {
                let _ = writeln!(text, "  {name}");
            }
        }
        let _ = write!(text, "{} passed, {} failed", self.passed, self.failed.len());
        text
    }
}

/// Returns the name of a test program: `it` for `target/debug/deps/it-0123456789abcdef`.
fn stem(program: &str) -> &str {
    let name = program.rsplit('/').next().unwrap_or(program);
    name.rsplit_once('-').map_or(name, |(stem, _)| stem)
}

fn number_before(text: &str, word: &str) -> Option<usize> {
    let (before, _) = text.split_once(word)?;
    before.rsplit(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Removes the escape sequences of colours.
fn plain(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut rest = line.chars();
    while let Some(char) = rest.next() {
        if char == '\u{1b}' {
            rest.by_ref().find(char::is_ascii_alphabetic);
        } else {
            text.push(char);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(runner: Runner, text: &str) -> Results {
        let mut reader = Reader::new(runner);
        text.lines().for_each(|line| reader.line(line));
        reader.end()
    }

    #[test]
    fn nextest_is_read_with_and_without_colours() {
        let text = "    Starting 4 tests across 2 binaries\n\
            \x20       FAIL [   0.015s] (2/4) demo tests::red\n\
            ────────────\n     Summary [   0.039s] 4 tests run: 2 passed (1 slow), 2 failed, 7 skipped\n\
            \x20       SLOW [  31.000s] (3/4) demo tests::slow\n\
            \x20       \u{1b}[31;1mFAIL\u{1b}[0m [   0.015s] (\u{1b}[35m2/4\u{1b}[0m) \u{1b}[35mdemo\u{1b}[0m \u{1b}[34mtests::\u{1b}[0mred\n\
            \x20    TIMEOUT [ 120.003s] (4/4) demo::it hangs\n\
            \x20 TRY 1 FAIL [   0.046s] (2/4) demo::it shy\n\
            \x20  FLAKY 2/2 [   0.033s] (2/4) demo::it shy\n\
            \x20   an error [of its own: see [[link]] in the file\nerror: test run failed\n";
        let failed = vec!["demo tests::red".to_owned(), "demo::it hangs".to_owned()];
        let flaky = vec!["demo::it shy".to_owned()];
        assert_eq!(read(Runner::Nextest, text), Results { passed: 2, failed, flaky });
    }

    #[test]
    fn cargo_test_is_read_and_a_process_that_died_counts() {
        let text = "     Running unittests src/lib.rs (target/debug/deps/footbridge_model-0123456789abcdef)\n\n\
            running 2 tests\ntest a ... ok\ntest b ... ok\n\n\
            test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s\n\n\
            \x20    Running it/main.rs (/t/debug/deps/it-fedcba9876543210)\n\nrunning 2 tests\n\
            test c ... FAILED\ntest d::e ... FAILED\n\nfailures:\n\n---- c stdout ----\n    Running (words)\n\
            \x20   not a test\n\nfailures:\n    c\n    d::e\n\n\
            test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s\n\n\
            error: test failed, to rerun pass `-p x --test it`\n\
            \x20    Running tests/node_host.rs (target/debug/deps/node_host-0123456789abcdef)\n\nrunning 1 test\n\
            error: 2 targets failed:\n    `-p x --test it`\n";
        let failed = ["it c", "it d::e", "node_host: the process of these tests ended before they did"];
        assert_eq!(
            read(Runner::Cargo, text),
            Results { passed: 3, failed: failed.map(str::to_owned).to_vec(), flaky: Vec::new() }
        );
    }

    #[test]
    fn the_summary_ends_with_the_counts() {
        let results = read(
            Runner::Sdk,
            "ℹ pass 3\nflaky: a.test.js: b\nfailed: wire.test.js: ids\n3 passed, 1 failed, 2 skipped\n",
        );
        assert_eq!(
            results.summary(),
            "flaky, passed when run again:\n  sdk/js a.test.js: b\nfailed:\n  sdk/js wire.test.js: ids\n3 passed, 1 failed"
        );
        assert_eq!(Results { passed: 4, ..Results::default() }.summary(), "4 passed, 0 failed");
    }
}
