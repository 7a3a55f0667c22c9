//! Checks that everything exists which the documents of contributors name: files, folders, types and functions.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The documents whose names are checked.
const PAGES: [&str; 5] =
    ["ARCHITECTURE.md", "CONTRIBUTING.md", "docs/where.md", "docs/where-to-start.md", "docs/glossary.md"];

/// Folders at the top of the repository that a path may begin with.
const TOP: [&str; 12] = [
    "benches",
    "console",
    "crates",
    "docs",
    "fixtures",
    "fuzz",
    "packaging",
    "sdk",
    "tests",
    "xtask",
    ".ci",
    ".config",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The texts in backquotes and the words in indented or fenced blocks.
fn code(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut fenced = false;
    for line in page.lines() {
        if line.starts_with("```") {
            fenced = !fenced;
        } else if fenced {
            found.extend(line.split_whitespace().map(str::to_owned));
        } else {
            found.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    found
}

/// The file or folder that a path of a document means: a path from the top of the repository, or from a crate
/// (`engine/publish.rs` is `crates/engine/src/publish.rs`).
fn place(text: &str) -> Option<PathBuf> {
    let text = text.trim_end_matches(['.', ',', ':', ';', '/']);
    let (first, rest) = text.split_once('/')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_');
    if !text.chars().all(plain) {
        return None;
    }
    let source = root().join("crates").join(first).join("src");
    // `console` is both: the modules of a browser, and the crate that serves them.
    let in_crate = source.is_dir().then(|| source.join(rest));
    let at_top = TOP.contains(&first).then(|| root().join(text));
    at_top.filter(|path| in_crate.is_none() || path.exists()).or(in_crate)
}

#[test]
fn every_path_exists() {
    let mut checked = 0;
    let mut wrong = Vec::new();
    for page in PAGES {
        for text in code(&read(page)) {
            // A walkthrough names modules without their ending.
            let Some(path) = place(&text) else { continue };
            checked += 1;
            if !path.exists() && !path.with_extension("rs").exists() {
                wrong.push(format!("{page}: {text}"));
            }
        }
    }
    assert!(wrong.is_empty(), "these do not exist:\n{}", wrong.join("\n"));
    assert!(checked > 100, "only {checked} paths were found");
}

/// Every Rust source of the product, as one text.
fn sources(folder: &Path, out: &mut String) {
    for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            out.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
}

/// The names of a text that can only be Rust's: `Type::function`, `module::function()`, `TypeName`.
fn names(text: &str) -> Vec<String> {
    let text = text.split(['(', '<']).next().unwrap_or_default();
    let is_word = |part: &str| {
        part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && part.starts_with(|c: char| c.is_ascii_alphabetic())
    };
    let parts: Vec<&str> = text.split("::").collect();
    let is_type = |part: &str| {
        part.chars().filter(char::is_ascii_uppercase).count() > 1
            && part.contains(|c: char| c.is_ascii_lowercase())
    };
    let is_rust = parts.iter().all(|part| is_word(part)) && (parts.len() > 1 || is_type(text));
    if is_rust { parts.into_iter().map(str::to_owned).collect() } else { Vec::new() }
}

#[test]
fn every_type_and_function_exists() {
    let mut text = String::new();
    for folder in ["crates", "tests", "xtask"] {
        sources(&root().join(folder), &mut text);
    }
    let words: BTreeSet<&str> = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
    let mut checked = 0;
    let mut wrong = Vec::new();
    for page in PAGES {
        for name in code(&read(page)).iter().flat_map(|text| names(text)) {
            checked += 1;
            if !words.contains(name.as_str()) {
                wrong.push(format!("{page}: {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "no source has these names:\n{}", wrong.join("\n"));
    assert!(checked >= 8, "only {checked} names were found");
}

#[test]
fn the_map_shows_every_crate_and_folder() {
    let map = read("ARCHITECTURE.md");
    let named: BTreeSet<String> =
        code(&map).into_iter().map(|text| text.trim_end_matches('/').to_owned()).collect();
    let mut missing = Vec::new();
    let folders = |path: &Path| -> Vec<String> {
        let entries = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap());
        let folders = entries.filter(|entry| entry.path().is_dir());
        folders.map(|entry| entry.file_name().into_string().unwrap()).collect()
    };
    for name in folders(&root().join("crates")) {
        if !named.contains(&format!("crates/{name}")) {
            missing.push(format!("crates/{name}"));
        }
        for module in folders(&root().join("crates").join(&name).join("src")) {
            if module != "tests" && !named.contains(&module) && !named.contains(&format!("{name}/{module}")) {
                missing.push(format!("{name}/{module}"));
            }
        }
    }
    for name in ["tests", "tests/sim", "fuzz", "benches", "xtask", "packaging", "sdk/js", "fixtures", "docs"]
    {
        if !named.contains(name) {
            missing.push(name.to_owned());
        }
    }
    assert!(missing.is_empty(), "ARCHITECTURE.md does not show: {}", missing.join(", "));
}
