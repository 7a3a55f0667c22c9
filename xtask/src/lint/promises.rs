//! A promise in a comment must name a decision.

use proc_macro2::LineColumn;

use super::Finding;
use super::source::Source;

const PROMISES: [&str; 3] = ["TODO", "FIXME", "XXX"];

pub(super) fn check(source: &Source, findings: &mut Vec<Finding>) {
    for (index, text) in source.text.lines().enumerate() {
        let Some(comment) = comment(source, index + 1, text) else { continue };
        let promise = PROMISES.into_iter().find(|word| comment.contains(word));
        if let Some(word) = promise.filter(|_| !names_decision(comment)) {
            let mend = format!("do it, or write `{word} (decision NNNN)` and the record in docs/decisions");
            findings.push(Finding::new(&source.path, index + 1, "promise", mend));
        }
    }
}

/// Returns the comment that starts in this line.
fn comment<'a>(source: &Source, line: usize, text: &'a str) -> Option<&'a str> {
    let starts = text.match_indices("//").chain(text.match_indices("/*"));
    let outside = |at: usize| {
        let column = text.get(..at).unwrap_or_default().chars().count();
        !source.facts.is_literal(LineColumn { line, column })
    };
    starts.map(|(at, _)| at).filter(|at| outside(*at)).min().and_then(|at| text.get(at..))
}

fn names_decision(comment: &str) -> bool {
    let number = comment.split_once("(decision ").and_then(|(_, rest)| rest.split_once(')'));
    number.is_some_and(|(number, _)| number.len() == 4 && number.chars().all(|c| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::lint::source::Source;

    #[test]
    fn a_promise_needs_a_decision() {
        let text = "// TODO later\n// TODO (decision 0012) later\nlet x = \"FIXME\"; // fixed\n/* FIXME (decision x) */";
        let mut findings = Vec::new();
        check(&Source::new("crates/a/src/b.rs", text).unwrap(), &mut findings);
        assert_eq!(findings.iter().map(|f| f.line).collect::<Vec<_>>(), [1, 4]);
    }
}
