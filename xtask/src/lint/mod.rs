//! The rules of the code that neither the compiler nor clippy can state.
//!
//! Sources are read as text with comments and literals told apart ([`lexer`]), not parsed: every rule here
//! is about words, lengths and paths, and a rule that needs types belongs to clippy. A finding says where,
//! which rule, and how to mend it.

mod functions;
mod layers;
mod lexer;
mod manifest;
mod modules;
mod paths;
mod reasons;
mod scan;
mod size;
mod source;
mod words;

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folders the rules hold in.
const FOLDERS: [&str; 4] = ["crates", "tests", "benches", "xtask"];

/// One broken rule at one place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    file: String,
    line: usize,
    rule: &'static str,
    mend: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.file, self.line, self.rule, self.mend)
    }
}

/// What a run of all rules has to say.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) findings: Vec<Finding>,
    pub(crate) notes: Vec<String>,
}

/// Runs every rule over the workspace at `root`.
pub(crate) fn check(root: &Path) -> Result<Report, String> {
    let mut rust = Vec::new();
    let mut manifests = Vec::new();
    for path in list_files(root) {
        let name = Path::new(&path);
        let kept = if name.extension().is_some_and(|extension| extension == "rs") {
            &mut rust
        } else if name.ends_with("Cargo.toml") {
            &mut manifests
        } else {
            continue;
        };
        let text = read(root, &path)?;
        kept.push((path, text));
    }
    let sources = source::read_all(&rust);
    let mut report = Report::default();
    size::check(&sources, &mut report);
    for source in &sources {
        layers::check(source, &mut report.findings);
        words::check(source, &mut report.findings);
    }
    modules::check(&sources, &mut report.findings);
    for (path, text) in &manifests {
        manifest::check(path, text, &mut report.findings);
    }
    reasons::check(&read(root, "Cargo.toml")?, &read(root, reasons::PAGE)?, &mut report.findings);
    report.findings.sort_by(|a, b| (&a.file, a.line, a.rule).cmp(&(&b.file, b.line, b.rule)));
    Ok(report)
}

fn read(root: &Path, path: &str) -> Result<String, String> {
    std::fs::read_to_string(root.join(path)).map_err(|e| format!("cannot read {path}: {e}"))
}

/// Tracked files and those about to be, as `/`-separated paths; without a usable git, whatever lies there.
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
