//! The rules of the code that neither the compiler nor clippy can state.
//!
//! Files are split into tokens ([`facts`]), not type-checked: a rule that needs types belongs to clippy. A finding has
//! a place, a rule, and how to mend it.

mod circles;
mod commits;
mod console;
mod docs;
mod facts;
mod layers;
mod manifest;
mod modules;
mod names;
mod promises;
mod reasons;
mod signature;
mod size;
mod source;
mod tokens;
mod uses;

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use source::Source;

/// The folders that the rules cover.
const FOLDERS: [&str; 4] = ["crates", "tests", "benches", "xtask"];

/// One broken rule at one place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    file: String,
    line: usize,
    rule: &'static str,
    mend: String,
}

impl Finding {
    fn new(file: &str, line: usize, rule: &'static str, mend: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, rule, mend: mend.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.file, self.line, self.rule, self.mend)
    }
}

/// The result of all rules.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) findings: Vec<Finding>,
    /// Observations that break no rule.
    pub(crate) notes: Vec<String>,
}

/// Runs every rule over the workspace at `root`.
pub(crate) fn check(root: &Path) -> Result<Report, String> {
    let sources = sources(root)?;
    let mut report = Report::default();
    size::check(&sources, &mut report);
    for source in &sources {
        layers::check(source, &mut report.findings);
        promises::check(source, &mut report.findings);
    }
    circles::check(&sources, &mut report.findings);
    names::check(&sources, &mut report.findings);
    docs::check(&sources, &read(root, docs::LIMITS)?, &mut report)?;
    for path in list_files(root).iter().filter(|path| Path::new(path).ends_with("Cargo.toml")) {
        manifest::check(path, &read(root, path)?, &mut report.findings);
    }
    reasons::check(&read(root, "Cargo.toml")?, &read(root, reasons::PAGE)?, &mut report.findings);
    console::check(root, &mut report)?;
    commits::check(root, &mut report);
    report.findings.sort_by(|a, b| (&a.file, a.line, a.rule).cmp(&(&b.file, b.line, b.rule)));
    Ok(report)
}

/// Lowers the limits for doc comments to the counts of today.
pub(crate) fn tighten(root: &Path) -> Result<(), String> {
    let limits = docs::tighten(&sources(root)?, &read(root, docs::LIMITS)?)?;
    std::fs::write(root.join(docs::LIMITS), limits).map_err(|e| format!("cannot write {}: {e}", docs::LIMITS))
}

fn sources(root: &Path) -> Result<Vec<Source>, String> {
    let is_rust = |path: &String| Path::new(path).extension().is_some_and(|extension| extension == "rs");
    let files = list_files(root).into_iter().filter(is_rust);
    let files =
        files.map(|path| read(root, &path).map(|text| (path, text))).collect::<Result<Vec<_>, _>>()?;
    source::read_all(&files)
}

fn read(root: &Path, path: &str) -> Result<String, String> {
    std::fs::read_to_string(root.join(path)).map_err(|e| format!("cannot read {path}: {e}"))
}

/// Lists files that git tracks or does not ignore, as `/`-separated paths; without git, all files of the folders.
fn list_files(root: &Path) -> Vec<String> {
    let mut git = Command::new("git");
    git.args(["ls-files", "--cached", "--others", "--exclude-standard", "--"])
        .args(FOLDERS)
        .current_dir(root);
    let mut files = match git.output() {
        Ok(out) if out.status.success() => {
            String::from_utf8_lossy(&out.stdout).lines().map(str::to_owned).collect::<Vec<_>>()
        }
        _ => {
            let mut found = Vec::new();
            for folder in FOLDERS {
                walk(&root.join(folder), &mut found);
            }
            found
                .iter()
                .filter_map(|p| p.strip_prefix(root).ok()?.to_str().map(|p| p.replace('\\', "/")))
                .collect()
        }
    };
    files.retain(|file| root.join(file).is_file());
    files.sort();
    files.dedup();
    files
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.is_dir() {
            walk(&path, found);
        } else {
            found.push(path);
        }
    }
}
