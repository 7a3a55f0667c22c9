//! Files and functions that a reader can hold in mind.

use super::functions::{Function, functions};
use super::source::Source;
use super::{Finding, Report};

const FILE_MAX: usize = 500;
/// Most files should stay below; those above are named in a note.
const FILE_GOAL: usize = 300;
const FUNCTION_MAX: usize = 60;
/// A test may tell a longer story.
const TEST_FUNCTION_MAX: usize = 100;
const PARAMETERS_MAX: usize = 6;

pub(super) fn check(sources: &[Source], report: &mut Report) {
    let mut product_sizes = Vec::new();
    for source in sources {
        let lines = source.net_lines();
        if !source.is_all_test() {
            product_sizes.push(lines);
        }
        if lines > FILE_MAX {
            let mend = format!("{lines} lines, at most {FILE_MAX}: split it by subject");
            report.findings.push(Finding { file: source.path.clone(), line: 1, rule: "file-length", mend });
        } else if lines > FILE_GOAL {
            report
                .notes
                .push(format!("{} has {lines} lines (most files stay below {FILE_GOAL})", source.path));
        }
        for function in functions(&source.code) {
            check_function(source, &function, &mut report.findings);
        }
    }
    product_sizes.sort_unstable();
    if let Some(median) = product_sizes.get(product_sizes.len() / 2) {
        let files = product_sizes.len();
        report.notes.push(format!("median file: {median} lines without tests ({files} files)"));
    }
}

fn check_function(source: &Source, function: &Function, findings: &mut Vec<Finding>) {
    let Function { name, line, length, parameters } = function;
    let max = if source.is_test_line(*line) { TEST_FUNCTION_MAX } else { FUNCTION_MAX };
    let mut find = |rule, mend| findings.push(Finding { file: source.path.clone(), line: *line, rule, mend });
    if *length > max {
        find(
            "function-length",
            format!("`{name}` has {length} lines of code, at most {max}: name its steps"),
        );
    }
    if *parameters > PARAMETERS_MAX {
        let mend =
            format!("`{name}` takes {parameters}, at most {PARAMETERS_MAX}: group what belongs together");
        find("parameters", mend);
    }
}

#[cfg(test)]
mod tests {
    use super::{Report, check};
    use crate::lint::source::Source;

    fn rules(path: &str, text: &str) -> Vec<&'static str> {
        let mut report = Report::default();
        check(&[Source::new(path, text)], &mut report);
        report.findings.iter().map(|finding| finding.rule).collect()
    }

    #[test]
    fn limits_hold_to_the_line() {
        let function = |lines: usize| format!("fn f() {{\n{}}}\n", "x();\n".repeat(lines - 2));
        assert!(rules("crates/a/src/b.rs", &function(60)).is_empty());
        assert_eq!(rules("crates/a/src/b.rs", &function(61)), ["function-length"]);
        assert!(rules("tests/it/b.rs", &function(100)).is_empty());
        assert_eq!(rules("tests/it/b.rs", &function(101)), ["function-length"]);
        assert!(rules("crates/a/src/b.rs", &"x\n".repeat(500)).is_empty());
        assert_eq!(rules("crates/a/src/b.rs", &"x\n".repeat(501)), ["file-length"]);
    }

    #[test]
    fn comments_make_no_function_long() {
        let text = format!("fn f() {{\n{}}}\n", "// why\n".repeat(80));
        assert!(rules("crates/a/src/b.rs", &text).is_empty());
    }

    #[test]
    fn seven_parameters_are_too_many() {
        let text = "fn f(&self, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8) {}";
        assert_eq!(rules("crates/a/src/b.rs", text), ["parameters"]);
    }
}
