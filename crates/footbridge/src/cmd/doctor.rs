//! Checks a running server: `footbridge doctor`

use std::process::ExitCode;

use footbridge_api::{Doctor, Finding, FindingLevel};

use super::{failure::Failure, remote::Session};
use crate::{client::Call, table::plain};

/// Runs the command. Returns its output, and the exit code: 0 if all is well, 1 for warnings, 2 for errors.
///
/// # Errors
/// The server refuses the request.
pub fn run(session: &Session) -> Result<(String, ExitCode), Failure> {
    let answer = session.client().get(&Call { path: &["doctor"], ..Call::default() })?;
    let found: Doctor = session.client().parse(&answer)?;
    let worst = found.data.iter().map(|finding| finding.level).max().unwrap_or(FindingLevel::Ok);
    let code = match worst {
        FindingLevel::Ok => 0,
        FindingLevel::Warning => 1,
        FindingLevel::Error => 2,
    };
    Ok((session.show(&answer, human)?, ExitCode::from(code)))
}

fn human(found: &Doctor) -> String {
    found.data.iter().map(line).collect()
}

fn line(finding: &Finding) -> String {
    let mark = match finding.level {
        FindingLevel::Ok => "●",
        FindingLevel::Warning => "▲",
        FindingLevel::Error => "✖",
    };
    let fix = finding.fix.as_ref().map(|fix| format!("    → {}\n", plain(fix)));
    format!("{mark} {}: {}\n{}", plain(&finding.check), plain(&finding.text), fix.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_finding_has_a_mark_and_its_fix() {
        let finding = |level, fix: Option<&str>| Finding {
            check: "disk".to_owned(),
            level,
            text: "it is full".to_owned(),
            fix: fix.map(str::to_owned),
        };
        let data = vec![finding(FindingLevel::Ok, None), finding(FindingLevel::Error, Some("free space"))];
        assert_eq!(human(&Doctor { data }), "● disk: it is full\n✖ disk: it is full\n    → free space\n");
    }
}
