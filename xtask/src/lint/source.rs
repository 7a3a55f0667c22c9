//! A source file as the rules see it: code apart from comments, product apart from tests.

use super::lexer;
use super::scan::Scan;

/// One Rust file.
pub(super) struct Source {
    /// Relative to the workspace root, `/`-separated.
    pub(super) path: String,
    pub(super) code: String,
    pub(super) comments: String,
    /// For each line, whether it is compiled for tests only.
    test_lines: Vec<bool>,
    /// Modules this file declares for tests only, as path prefixes without `.rs`.
    test_modules: Vec<String>,
}

impl Source {
    pub(super) fn new(path: &str, text: &str) -> Self {
        let parts = lexer::split(text);
        let lines = text.lines().count();
        let mut source = Self {
            path: path.to_owned(),
            code: parts.code,
            comments: parts.comments,
            test_lines: vec![is_test_path(path); lines],
            test_modules: Vec::new(),
        };
        source.mark_gated_items(text);
        source
    }

    pub(super) fn is_test_line(&self, line: usize) -> bool {
        self.test_lines.get(line.saturating_sub(1)).copied().unwrap_or(false)
    }

    /// Whether nothing of it reaches the product.
    pub(super) fn is_all_test(&self) -> bool {
        self.test_lines.iter().all(|test| *test)
    }

    /// Lines, those of test modules at the end of a product file left out.
    pub(super) fn net_lines(&self) -> usize {
        if self.is_all_test() {
            return self.test_lines.len();
        }
        self.test_lines.iter().filter(|test| !**test).count()
    }

    /// Code lines with their 1-based number.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// Finds items behind `#[cfg(test)]` or a like condition. The condition is read from the raw text,
    /// because a feature's name is a literal.
    fn mark_gated_items(&mut self, text: &str) {
        let scan = Scan::new(&self.code);
        for (start, raw) in scan.line_starts().into_iter().zip(text.lines()) {
            if !is_test_condition(raw) || !scan.text(start, start + raw.len()).trim_start().starts_with("#[")
            {
                continue;
            }
            let item = behind_attributes(&scan, start);
            let end = item_end(&scan, item);
            for line in scan.line(start)..=scan.line(end) {
                if let Some(mark) = self.test_lines.get_mut(line - 1) {
                    *mark = true;
                }
            }
            let words = scan.text(item, end);
            if let (';', Some(name)) =
                (scan.get(end), words.split_whitespace().skip_while(|w| *w != "mod").nth(1))
            {
                self.test_modules.push(format!("{}{name}", module_folder(&self.path)));
            }
        }
    }
}

/// Reads all files together: whether a file is for tests only may be said in its parent.
pub(super) fn read_all(files: &[(String, String)]) -> Vec<Source> {
    let mut sources: Vec<Source> = files.iter().map(|(path, text)| Source::new(path, text)).collect();
    let gated: Vec<String> = sources.iter().flat_map(|s| s.test_modules.clone()).collect();
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
    sources
}

fn is_test_path(path: &str) -> bool {
    path.starts_with("tests/")
        || path.ends_with("/tests.rs")
        || ["/tests/", "/examples/"].iter().any(|dir| path.contains(dir))
}

fn is_test_condition(line: &str) -> bool {
    let line = line.trim_start();
    let Some((_, condition)) = line.split_once("#[cfg(") else { return false };
    let condition = condition.split(")]").next().unwrap_or_default();
    let names_test = condition.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "test");
    line.starts_with("#[cfg(") && names_test && !condition.contains("not(")
}

/// The folder, with its slash, in which the modules declared in `path` lie.
fn module_folder(path: &str) -> String {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    match file {
        "lib.rs" | "main.rs" | "mod.rs" => format!("{folder}/"),
        _ => format!("{folder}/{}/", file.trim_end_matches(".rs")),
    }
}

fn behind_attributes(scan: &Scan, mut at: usize) -> usize {
    loop {
        at = scan.skip_space(at);
        if scan.get(at) != '#' {
            return at;
        }
        let Some(end) = scan.closing(at + 1) else { return at };
        at = end + 1;
    }
}

/// The `;` or `}` an item ends with.
fn item_end(scan: &Scan, item: usize) -> usize {
    match scan.find_flat(item, &[';', '{']) {
        Some(at) if scan.get(at) == '{' => scan.closing(at).unwrap_or(at),
        Some(at) => at,
        None => item,
    }
}

#[cfg(test)]
mod tests {
    use super::{Source, read_all};

    #[test]
    fn a_trailing_test_module_is_not_counted() {
        let source =
            Source::new("crates/a/src/b.rs", "fn f() {}\n\n#[cfg(test)]\nmod tests {\n    fn g() {}\n}\n");
        assert_eq!(source.net_lines(), 2);
        assert!(source.is_test_line(5) && !source.is_test_line(1));
    }

    #[test]
    fn a_gated_module_gates_its_file_and_what_lies_below() {
        let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
        let sources = read_all(&[
            file(
                "crates/a/src/lib.rs",
                "#[cfg(any(test, feature = \"test\"))]\npub mod memory;\nmod real;\n",
            ),
            file("crates/a/src/memory.rs", "fn f() {}\n"),
            file("crates/a/src/memory/deep.rs", "fn f() {}\n"),
            file("crates/a/src/real.rs", "fn f() {}\n"),
        ]);
        let test: Vec<bool> = sources.iter().map(Source::is_all_test).collect();
        assert_eq!(test, [false, true, true, false]);
    }

    #[test]
    fn code_left_out_of_tests_is_product() {
        let source = Source::new("crates/a/src/b.rs", "#[cfg(not(test))]\nfn f() {}\n");
        assert!(!source.is_test_line(2));
    }
}
