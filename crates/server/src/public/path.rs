//! From the path of a request to a file of an app, without looking at the disk.

use crate::percent;
use std::collections::BTreeMap;

/// A file or folder that an app made public.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// What the app's package names: a file or folder within its directory.
    pub(super) shared: String,
    /// What is asked for within that; empty for itself.
    pub(super) within: String,
    /// Whether the request asks for a folder, by a slash at the end.
    pub(super) folder: bool,
}

/// Finds the place that `tail`, what follows `/public/<app>/`, names. Each part is decoded once, and one that is
/// empty, begins with a dot or holds what no name of a file should hold names nothing.
pub(super) fn find(public: &BTreeMap<String, String>, tail: &str) -> Option<Place> {
    let (tail, folder) = match tail.strip_suffix('/') {
        Some(tail) => (tail, true),
        None => (tail, tail.is_empty()),
    };
    let parts: Vec<String> = match tail {
        "" => Vec::new(),
        tail => tail.split('/').map(part).collect::<Option<_>>()?,
    };
    // The longest path that the package names wins.
    (0..=parts.len()).rev().find_map(|split| {
        let (named, within) = parts.split_at_checked(split)?;
        let shared = public.get(&named.join("/"))?.clone();
        let hidden = shared.split('/').any(|part| part.starts_with('.'));
        (!hidden).then(|| Place { shared, within: within.join("/"), folder })
    })
}

fn part(raw: &str) -> Option<String> {
    let part = percent::decode(raw)?;
    let odd = |c: char| c == '/' || c == '\\' || c.is_control();
    let plain = !part.is_empty() && !part.starts_with('.') && !part.contains(odd);
    plain.then_some(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public() -> BTreeMap<String, String> {
        [
            ("", "www"),
            ("assets", "assets"),
            ("assets/big", "large files"),
            ("icon.ico", "icon.ico"),
            (".x", ".x"),
        ]
        .map(|(at, path)| (at.to_owned(), path.to_owned()))
        .into()
    }

    #[test]
    fn the_longest_name_wins() {
        for (tail, shared, within, folder) in [
            ("", "www", "", true),
            ("a/b.css", "www", "a/b.css", false),
            ("assets", "assets", "", false),
            ("assets/", "assets", "", true),
            ("assets/img/a%20b.png", "assets", "img/a b.png", false),
            ("assets/big/x", "large files", "x", false),
            ("assetsx", "www", "assetsx", false),
            ("icon.ico", "icon.ico", "", false),
            ("%69con.ico", "icon.ico", "", false),
            ("a..b", "www", "a..b", false),
        ] {
            let (shared, within) = (shared.to_owned(), within.to_owned());
            assert_eq!(find(&public(), tail), Some(Place { shared, within, folder }), "{tail}");
        }
    }

    #[test]
    fn what_leads_elsewhere_names_nothing() {
        for tail in [
            "..",
            "../x",
            "a/../b",
            "%2e%2e/x",
            ".%2E/x",
            "a/%2e%2e%2fx",
            "%2e/x",
            "./x",
            ".env",
            "a/.git/config",
            "%2eenv",
            "a//b",
            "/etc/passwd",
            "a%2Fb",
            "..\\x",
            "%5c..%5cx",
            "a%00.png",
            "%ff",
            "a%0ab",
            ".x",
            "//",
        ] {
            assert_eq!(find(&public(), tail), None, "{tail}");
        }
    }
}
