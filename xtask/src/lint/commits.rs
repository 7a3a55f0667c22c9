//! Subjects of commits that fit into one line of a list.

use std::path::Path;
use std::process::Command;

use super::{Finding, Report};

/// Most characters of a subject.
const SUBJECT_MAX: usize = 72;

/// Commits up to this one are history and stay as they are.
const AFTER: &str = "0d0511f5a786f867f53c86060b38dce06dfd4985";

/// Checks the subjects after [`AFTER`]. A clone without that commit, or no git, gets a note.
pub(super) fn check(root: &Path, report: &mut Report) {
    let range = format!("{AFTER}..HEAD");
    let log =
        Command::new("git").args(["log", "--no-merges", "--format=%h %s", &range]).current_dir(root).output();
    match log {
        Ok(output) if output.status.success() => {
            report.findings.extend(subjects(&String::from_utf8_lossy(&output.stdout)));
        }
        _ => report.notes.push(format!("commit subjects not checked: no git history after {AFTER} here")),
    }
}

fn subjects(log: &str) -> impl Iterator<Item = Finding> {
    log.lines().filter_map(|line| {
        let (commit, subject) = line.split_once(' ')?;
        let length = subject.chars().count();
        (length > SUBJECT_MAX).then(|| {
            let mend = format!("the subject has {length} characters, at most {SUBJECT_MAX}: {subject}");
            Finding::new(&format!("commit {commit}"), 1, "commit-subject", mend)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::subjects;

    #[test]
    fn subjects_have_at_most_72_characters() {
        let log = format!("aaa {}\nbbb {}\n", "é".repeat(72), "x".repeat(73));
        let found: Vec<String> = subjects(&log).map(|finding| finding.to_string()).collect();
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with("commit bbb:1: commit-subject: the subject has 73 characters"),
            "{found:?}"
        );
    }
}
