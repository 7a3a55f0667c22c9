//! `docs/SUMMARY.md`: the order of the pages, in mdBook's form.

use std::collections::BTreeSet;
use std::path::Path;

/// One page as the summary lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chapter {
    /// The title in the navigation, as Markdown.
    pub(crate) title: String,
    /// The file, relative to `docs/`.
    pub(crate) file: String,
    /// How deep the page is nested: 0 for a page of a part.
    pub(crate) depth: usize,
    /// The heading of the part that begins with this page.
    pub(crate) part: Option<String>,
}

impl Chapter {
    /// The address below `/docs/`: without ending, and `README.md` is its folder.
    pub(crate) fn path(&self) -> String {
        let plain = self.file.strip_suffix(".md").unwrap_or(&self.file);
        match plain.strip_suffix("README") {
            Some(folder) => folder.to_owned(),
            None => plain.to_owned(),
        }
    }
}

/// Reads the summary.
///
/// # Errors
/// A line that is neither a heading nor a link, or a file that is listed twice.
pub(crate) fn read(summary: &str) -> Result<Vec<Chapter>, Vec<String>> {
    let mut chapters: Vec<Chapter> = Vec::new();
    let mut problems = Vec::new();
    let mut seen = BTreeSet::new();
    let mut part = None;
    for (index, line) in summary.lines().enumerate() {
        let text = line.trim_start();
        let depth = (line.len() - text.len()) / 2;
        if text.is_empty() || text == "# Summary" {
            continue;
        }
        if let Some(heading) = text.strip_prefix("# ") {
            part = Some(heading.to_owned());
            continue;
        }
        let link = text.strip_prefix("- ").unwrap_or(text);
        let Some((title, file)) = link_of(link) else {
            problems.push(format!("docs/SUMMARY.md:{}: neither a heading nor `- [title](file)`", index + 1));
            continue;
        };
        if !seen.insert(file.to_owned()) {
            problems.push(format!("docs/SUMMARY.md:{}: {file} is listed twice", index + 1));
        }
        chapters.push(Chapter { title: title.to_owned(), file: file.to_owned(), depth, part: part.take() });
    }
    if problems.is_empty() { Ok(chapters) } else { Err(problems) }
}

fn link_of(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix('[')?.strip_suffix(')')?.split_once("](")
}

/// Names every Markdown file below `docs` that the summary does not list.
pub(crate) fn unlisted(docs: &Path, chapters: &[Chapter]) -> Vec<String> {
    let mut folders = vec![docs.to_owned()];
    let mut problems = Vec::new();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            problems.push(format!("cannot read {}", folder.display()));
            continue;
        };
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let Some(name) = path.strip_prefix(docs).ok().and_then(Path::to_str) else { continue };
            let is_page = name.strip_suffix(".md").is_some() && name != "SUMMARY.md";
            if is_page && !chapters.iter().any(|chapter| chapter.file == name) {
                problems.push(format!("docs/{name} is not listed in docs/SUMMARY.md"));
            }
        }
    }
    problems.sort();
    problems
}

#[cfg(test)]
mod tests {
    use super::{Chapter, read};

    #[test]
    fn parts_depths_and_addresses() {
        let text = "# Summary\n\n[Start](README.md)\n\n# Reference\n\n- [Errors](errors/README.md)\n  - [`a`](errors/a.md)\n";
        let chapters = read(text).unwrap();
        let seen: Vec<_> =
            chapters.iter().map(|chapter| (chapter.path(), chapter.depth, chapter.part.as_deref())).collect();
        let expected = [("", 0, None), ("errors/", 0, Some("Reference")), ("errors/a", 1, None)]
            .map(|(path, depth, part)| (path.to_owned(), depth, part));
        assert_eq!(seen, expected);
    }

    #[test]
    fn what_is_no_link_and_what_is_listed_twice_are_named() {
        let problems = read("- [A](a.md)\nsome text\n- [B](a.md)\n").unwrap_err();
        assert!(
            problems[0].contains(":2:") && problems[1].contains(":3: a.md is listed twice"),
            "{problems:?}"
        );
        let empty: Vec<Chapter> = Vec::new();
        assert_eq!(read("").unwrap(), empty);
    }
}
