//! Maps the path of a request to a public file of an app, without access to the disk.

use crate::percent;
use std::collections::BTreeMap;

/// A public file or folder of an app.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PublicPath {
    /// The file or folder that the app's package names, relative to the app's directory.
    pub(super) shared: String,
    /// The requested path within it; empty for the folder or file itself.
    pub(super) within: String,
    /// True if the request's path ends with a slash.
    pub(super) folder: bool,
}

/// Finds the file for `tail`, the path after `/public/<app>/`. Each segment is decoded once. Segments that are empty, begin
/// with a dot, or contain a slash, backslash or control character are refused.
pub(super) fn find(public: &BTreeMap<String, String>, tail: &str) -> Option<PublicPath> {
    let (tail, folder) = match tail.strip_suffix('/') {
        Some(tail) => (tail, true),
        None => (tail, tail.is_empty()),
    };
    let parts: Vec<String> = match tail {
        "" => Vec::new(),
        tail => tail.split('/').map(part).collect::<Option<_>>()?,
    };
    // The longest path in the package wins.
    (0..=parts.len()).rev().find_map(|split| {
        let (named, within) = parts.split_at_checked(split)?;
        let shared = public.get(&named.join("/"))?.clone();
        let hidden = shared.split('/').any(|part| part.starts_with('.'));
        (!hidden).then(|| PublicPath { shared, within: within.join("/"), folder })
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
    fn the_longest_path_of_the_package_wins() {
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
            assert_eq!(find(&public(), tail), Some(PublicPath { shared, within, folder }), "{tail}");
        }
    }

    #[test]
    fn paths_that_lead_elsewhere_are_refused() {
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
