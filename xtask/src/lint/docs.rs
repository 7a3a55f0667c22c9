//! Doc comments that say what an item is or does.
//!
//! Two forms are counted because they rarely do: an opening word that leaves the subject out, and a comment of three
//! words or fewer. [`LIMITS`] has the number that each folder may have. It only goes down: `cargo xtask lint --tighten`
//! writes the numbers of today where they are lower.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::source::Source;
use super::{Finding, Report};

/// The file with the limits, relative to the workspace root.
pub(super) const LIMITS: &str = "xtask/doc-comments.txt";

/// Openings that leave the subject of the sentence out.
const VAGUE: [&str; 4] = ["What", "Whether", "Its", "Where"];

/// A comment with as many words or fewer explains little.
const SHORT: usize = 3;

const HEAD: &str = "# Most doc comments of a folder that open with What, Whether, Its or Where, and most with three words or fewer.\n\
    # The numbers only go down: `cargo xtask lint --tighten` writes those of today.\n";

/// The doc comments of a folder, or the limits for them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Counts {
    vague: usize,
    short: usize,
    all: usize,
}

pub(super) fn check(sources: &[Source], limits: &str, report: &mut Report) -> Result<(), String> {
    let limits = parse(limits)?;
    let mut total = Counts::default();
    for (folder, (counts, places)) in count(sources) {
        let limit = limits.get(&folder).copied().unwrap_or_default();
        let lists = [
            ("vague", counts.vague, limit.vague, "open with What, Whether, Its or Where: name the subject"),
            ("short", counts.short, limit.short, "have three words or fewer: say what the item is or does"),
        ];
        for (form, count, limit, mend) in lists.into_iter().filter(|(_, count, limit, _)| count > limit) {
            let shown: Vec<String> =
                places.iter().filter(|(f, _)| *f == form).map(|(_, p)| p.clone()).collect();
            let mend = format!("{count} doc comments {mend}; the limit is {limit}: {}", shown.join(", "));
            report.findings.push(Finding::new(&folder, 1, "doc-comment", mend));
        }
        if counts.vague < limit.vague || counts.short < limit.short {
            let note = format!("{folder} has fewer vague or short doc comments than {LIMITS} allows");
            report.notes.push(format!("{note}: `cargo xtask lint --tighten`"));
        }
        total.vague += counts.vague;
        total.short += counts.short;
        total.all += counts.all;
    }
    let Counts { vague, short, all } = total;
    report.notes.push(format!(
        "of {all} doc comments {vague} open with What, Whether, Its or Where and {short} have three words or fewer"
    ));
    Ok(())
}

/// Returns the limits file with the counts of today where they are lower.
pub(super) fn tighten(sources: &[Source], limits: &str) -> Result<String, String> {
    let limits = parse(limits)?;
    let mut text = HEAD.to_owned();
    for (folder, (counts, _)) in count(sources) {
        let limit = limits.get(&folder).copied().unwrap_or(counts);
        let (vague, short) = (counts.vague.min(limit.vague), counts.short.min(limit.short));
        let _ = writeln!(text, "{folder} {vague} {short}");
    }
    Ok(text)
}

fn parse(limits: &str) -> Result<BTreeMap<String, Counts>, String> {
    let lines = limits.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    lines
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let counts = match words.as_slice() {
                [folder, vague, short] => {
                    vague.parse().ok().zip(short.parse().ok()).map(|found| (*folder, found))
                }
                _ => None,
            };
            let (folder, (vague, short)) =
                counts.ok_or_else(|| format!("{LIMITS}: `{line}` is not `FOLDER NUMBER NUMBER`"))?;
            Ok((folder.to_owned(), Counts { vague, short, all: 0 }))
        })
        .collect()
}

type Counted = (Counts, Vec<(&'static str, String)>);

fn count(sources: &[Source]) -> BTreeMap<String, Counted> {
    let mut folders: BTreeMap<String, Counted> = BTreeMap::new();
    for source in sources {
        let depth = if source.path.starts_with("crates/") { 2 } else { 1 };
        let folder: Vec<&str> = source.path.split('/').take(depth).collect();
        let (counts, places) = folders.entry(folder.join("/")).or_default();
        for doc in &source.facts.docs {
            let place = format!("{}:{}", source.path, doc.line);
            counts.all += 1;
            if is_vague(&doc.text) {
                counts.vague += 1;
                places.push(("vague", place));
            } else if doc.text.split_whitespace().count() <= SHORT {
                counts.short += 1;
                places.push(("short", place));
            }
        }
    }
    folders
}

fn is_vague(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default();
    VAGUE.contains(&first.trim_end_matches([',', ':']))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "/// Whether it runs.\nstruct A;\n/// The app.\nstruct B;\n/// Returns the name of the app.\nfn c() {}\n";

    fn report(limits: &str) -> Report {
        let mut report = Report::default();
        let source = Source::new("crates/a/src/b.rs", CODE).unwrap();
        check(&[source], limits, &mut report).unwrap();
        report
    }

    #[test]
    fn more_than_the_limit_is_a_finding_with_its_places() {
        let found = report("crates/a 0 1\n").findings;
        let [vague] = found.as_slice() else { panic!("{found:?}") };
        assert!(vague.to_string().ends_with("the limit is 0: crates/a/src/b.rs:1"), "{vague}");
        assert_eq!(report("").findings.len(), 2, "a folder without limits has the limit 0");
        assert_eq!(report("crates/a 1 1\n").findings, []);
    }

    #[test]
    fn limits_only_go_down() {
        let source = Source::new("crates/a/src/b.rs", CODE).unwrap();
        let tightened = tighten(&[source], "crates/a 7 0\n").unwrap();
        assert!(tightened.ends_with("\ncrates/a 1 0\n"), "{tightened}");
        assert!(report("crates/a 7 1\n").notes.iter().any(|note| note.contains("--tighten")));
        assert!(parse("crates/a one 2").is_err());
    }
}
