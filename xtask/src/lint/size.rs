//! Files that a reader can hold in mind, and functions that take few values.
//!
//! clippy limits the length of functions and the number of their parameters (`clippy.toml`).

use super::source::Source;
use super::{Finding, Report};

const FILE_MAX: usize = 500;
/// Most files should stay below; the longer ones are named in a note.
const FILE_GOAL: usize = 300;
/// The limit of `clippy.toml` for parameters. Here the members of a tuple count one by one, so that a tuple is no way
/// around the limit.
const VALUES_MAX: usize = 6;

pub(super) fn check(sources: &[Source], report: &mut Report) {
    let mut product_sizes = Vec::new();
    for source in sources {
        let lines = source.net_lines();
        if !source.is_all_test() {
            product_sizes.push(lines);
        }
        if lines > FILE_MAX {
            let mend = format!("{lines} lines, at most {FILE_MAX}: split it by subject");
            report.findings.push(Finding::new(&source.path, 1, "file-length", mend));
        } else if lines > FILE_GOAL {
            report
                .notes
                .push(format!("{} has {lines} lines (most files stay below {FILE_GOAL})", source.path));
        }
        for function in source.facts.functions.iter().filter(|function| function.values > VALUES_MAX) {
            let mend = format!(
                "`{}` takes {} values in {} parameters, at most {VALUES_MAX}: make a struct of those that belong together",
                function.name, function.values, function.parameters
            );
            report.findings.push(Finding::new(&source.path, function.line, "parameters", mend));
        }
    }
    product_sizes.sort_unstable();
    if let Some(median) = product_sizes.get(product_sizes.len() / 2) {
        let files = product_sizes.len();
        report.notes.push(format!("median file: {median} lines without tests ({files} files)"));
    }
}

#[cfg(test)]
mod tests {
    use super::{Report, check};
    use crate::lint::source::Source;

    fn rules(text: &str) -> Vec<&'static str> {
        let mut report = Report::default();
        check(&[Source::new("crates/a/src/b.rs", text).unwrap()], &mut report);
        report.findings.iter().map(|finding| finding.rule).collect()
    }

    #[test]
    fn limits_hold_to_the_line() {
        assert_eq!(rules(&"x\n".repeat(500)), [""; 0]);
        assert_eq!(rules(&"x\n".repeat(501)), ["file-length"]);
        let tests = format!("{}#[cfg(test)]\nmod tests {{\n{}}}\n", "x\n".repeat(500), "x\n".repeat(50));
        assert_eq!(rules(&tests), [""; 0], "tests at the end are not counted");
    }

    #[test]
    fn seven_values_are_too_many_however_they_are_packed() {
        assert_eq!(rules("fn f(&self, b: u8, c: u8, d: u8, e: u8, f: u8) {}"), [""; 0]);
        assert_eq!(rules("fn f(&self, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8) {}"), ["parameters"]);
        assert_eq!(rules("fn f(&self, b: u8, c: u8, d: u8, (e, f, g): (u8, u8, u8)) {}"), ["parameters"]);
    }
}
