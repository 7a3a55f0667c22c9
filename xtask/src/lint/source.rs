//! A source file as the rules see it: its text, its facts, and which lines are for tests only.

use super::facts::Facts;

/// The text and the facts of one Rust file.
pub(super) struct Source {
    /// Relative to the workspace root, `/`-separated.
    pub(super) path: String,
    pub(super) text: String,
    pub(super) facts: Facts,
    /// For each line, true if it is compiled for tests only.
    test_lines: Vec<bool>,
}

impl Source {
    /// # Errors
    /// The text is not Rust.
    pub(super) fn new(path: &str, text: &str) -> Result<Self, String> {
        let facts = Facts::read(text).map_err(|e| format!("{path}: {e}"))?;
        let mut test_lines = vec![is_test_path(path); text.lines().count()];
        for lines in &facts.test_lines {
            let lines = lines.start().saturating_sub(1)..*lines.end();
            for mark in test_lines.get_mut(lines).into_iter().flatten() {
                *mark = true;
            }
        }
        Ok(Self { path: path.to_owned(), text: text.to_owned(), facts, test_lines })
    }

    pub(super) fn is_test_line(&self, line: usize) -> bool {
        self.test_lines.get(line.saturating_sub(1)).copied().unwrap_or(false)
    }

    /// Returns true if no line of the file reaches the product.
    pub(super) fn is_all_test(&self) -> bool {
        self.test_lines.iter().all(|test| *test)
    }

    /// Counts the lines; of a product file, without those of its tests.
    pub(super) fn net_lines(&self) -> usize {
        if self.is_all_test() {
            return self.test_lines.len();
        }
        self.test_lines.iter().filter(|test| !**test).count()
    }

    /// Returns the modules in files of their own that this file declares for tests only, as path prefixes without
    /// `.rs`.
    fn test_modules(&self) -> impl Iterator<Item = String> {
        let folder = module_folder(&self.path);
        self.facts.test_modules.iter().map(move |name| format!("{folder}{name}"))
    }
}

/// Reads all files together, because the parent of a file may say that it is for tests only.
///
/// # Errors
/// A file is not Rust.
pub(super) fn read_all(files: &[(String, String)]) -> Result<Vec<Source>, String> {
    let mut sources =
        files.iter().map(|(path, text)| Source::new(path, text)).collect::<Result<Vec<_>, _>>()?;
    let gated: Vec<String> = sources.iter().flat_map(Source::test_modules).collect();
    for source in &mut sources {
        let below = |module: &String| {
            source
                .path
                .strip_prefix(module.as_str())
                .is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        };
        if gated.iter().any(below) {
            source.test_lines.fill(true);
        }
    }
    Ok(sources)
}

fn is_test_path(path: &str) -> bool {
    path.starts_with("tests/")
        || path.ends_with("/tests.rs")
        || ["/tests/", "/examples/"].iter().any(|folder| path.contains(folder))
}

/// Returns the folder, with its slash, in which the modules declared in `path` lie.
fn module_folder(path: &str) -> String {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    match file {
        "lib.rs" | "main.rs" | "mod.rs" => format!("{folder}/"),
        _ => format!("{folder}/{}/", file.trim_end_matches(".rs")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Source, read_all};

    #[test]
    fn a_trailing_test_module_is_not_counted() {
        let text = "fn f() {}\n\n#[cfg(test)]\nmod tests {\n    fn g() {}\n}\n";
        let source = Source::new("crates/a/src/b.rs", text).unwrap();
        assert_eq!(source.net_lines(), 2);
        assert!(source.is_test_line(5) && !source.is_test_line(1));
    }

    #[test]
    fn a_gated_module_gates_its_file_and_those_below() {
        let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
        let root = "#[cfg(any(test, feature = \"test\"))]\npub mod memory;\nmod real;\n";
        let sources = read_all(&[
            file("crates/a/src/lib.rs", root),
            file("crates/a/src/memory.rs", "fn f() {}\n"),
            file("crates/a/src/memory/deep.rs", "fn f() {}\n"),
            file("crates/a/src/real.rs", "fn f() {}\n"),
        ]);
        let test: Vec<bool> = sources.unwrap().iter().map(Source::is_all_test).collect();
        assert_eq!(test, [false, true, true, false]);
    }
}
