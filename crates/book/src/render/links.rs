//! Resolves links: to a page of the book, to a file of the repository, or to another site.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The pages by the file that they show, and the anchors that each has.
#[derive(Debug, Default)]
pub(crate) struct Targets {
    pages: BTreeMap<String, String>,
    anchors: BTreeMap<String, BTreeSet<String>>,
}

/// The resolved target of a link.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// An address: of another site, or of a page of the book.
    To(String),
    /// A file of the repository that is no page: shown, but not linked.
    File,
}

impl Targets {
    /// Adds a page: its address below `/docs/`, the files that lead to it, and its anchors.
    pub(crate) fn add(&mut self, path: &str, files: &[String], anchors: &[String]) {
        for file in files {
            self.pages.insert(file.clone(), path.to_owned());
        }
        self.anchors.insert(path.to_owned(), anchors.iter().cloned().collect());
    }

    /// Resolves a link that stands in `base`, a file of the repository at `root`.
    ///
    /// # Errors
    /// A file or an anchor that does not exist.
    pub(crate) fn resolve(&self, root: &Path, base: &str, link: &str) -> Result<Link, String> {
        let elsewhere = ["https://", "http://", "mailto:"].iter().any(|scheme| link.starts_with(scheme));
        if elsewhere {
            return Ok(Link::To(link.to_owned()));
        }
        let (file, anchor) = link.split_once('#').map_or((link, None), |(file, name)| (file, Some(name)));
        let file = if file.is_empty() { base.to_owned() } else { join(base, file) };
        let page = self.pages.get(&file).or_else(|| self.pages.get(&format!("{file}/README.md")));
        let Some(page) = page else {
            return if root.join(&file).exists() {
                Ok(Link::File)
            } else {
                Err(format!("{base} links to {link}, which does not exist"))
            };
        };
        let Some(anchor) = anchor else { return Ok(Link::To(format!("/docs/{page}"))) };
        if self.anchors.get(page).is_some_and(|anchors| anchors.contains(anchor)) {
            Ok(Link::To(format!("/docs/{page}#{anchor}")))
        } else {
            Err(format!("{base} links to {link}, but {file} has no heading of that name"))
        }
    }
}

/// The path that `relative` means in the file `base`, without `.` and `..`.
pub(crate) fn join(base: &str, relative: &str) -> String {
    let mut parts: Vec<&str> = base.split('/').collect();
    parts.pop();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::{Link, Targets, join};
    use std::path::Path;

    #[test]
    fn paths_are_joined_as_a_browser_joins_them() {
        for (base, relative, path) in [
            ("docs/guides/a.md", "b.md", "docs/guides/b.md"),
            ("docs/guides/a.md", "../errors/x.md", "docs/errors/x.md"),
            ("docs/guides/a.md", "../../README.md", "README.md"),
            ("README.md", "docs/errors", "docs/errors"),
        ] {
            assert_eq!(join(base, relative), path);
        }
    }

    #[test]
    fn dead_links_and_anchors_are_errors() {
        let mut targets = Targets::default();
        targets.add("a", &["docs/a.md".into(), "A.md".into()], &["top".into()]);
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let resolve = |link: &str| targets.resolve(root, "docs/b.md", link);
        assert_eq!(resolve("a.md#top"), Ok(Link::To("/docs/a#top".into())));
        assert_eq!(resolve("../A.md"), Ok(Link::To("/docs/a".into())));
        assert_eq!(resolve("../Cargo.toml"), Ok(Link::File));
        assert_eq!(resolve("https://example.com"), Ok(Link::To("https://example.com".into())));
        assert!(resolve("a.md#bottom").unwrap_err().contains("no heading"));
        assert!(resolve("c.md").unwrap_err().contains("does not exist"));
    }
}
