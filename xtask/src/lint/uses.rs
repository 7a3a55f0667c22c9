//! `use` declarations, one entry for each name they bring in.

use proc_macro2::{Delimiter, TokenTree};

use super::tokens::{ident, inside, is_punct, is_separator, line, split_commas};

/// One name of a `use` declaration.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Use {
    pub(super) line: usize,
    /// The inline modules of the file that it lies in; `None` inside a function.
    pub(super) module: Option<Vec<String>>,
    /// The full path, `["std", "time", "Instant"]`; a glob ends with `*`.
    pub(super) segments: Vec<String>,
    /// The name it has from then on.
    pub(super) name: String,
}

/// Reads the tree behind the word `use`.
pub(super) fn read(tree: &[TokenTree], module: Option<&[String]>) -> Vec<Use> {
    let mut found = Vec::new();
    unfold(tree, &[], &mut |line, segments: Vec<String>, name| {
        found.push(Use { line, module: module.map(<[String]>::to_vec), segments, name });
    });
    found
}

/// `a::{b, c::d as e}` → (`a::b`, `b`), (`a::c::d`, `e`).
fn unfold(tree: &[TokenTree], prefix: &[String], found: &mut impl FnMut(usize, Vec<String>, String)) {
    for part in split_commas(tree) {
        let mut segments = prefix.to_vec();
        let mut at = if is_separator(part, 0) { 2 } else { 0 };
        let start = part.first().map_or(0, line);
        loop {
            if let Some(inner) = inside(part.get(at), Delimiter::Brace) {
                unfold(&inner, &segments, found);
                break;
            }
            let star = is_punct(part.get(at), '*').then(|| "*".to_owned());
            let Some(segment) = star.or_else(|| ident(part.get(at))) else { break };
            if segment != "self" || segments.is_empty() {
                segments.push(segment);
            }
            if is_separator(part, at + 1) {
                at += 3;
                continue;
            }
            let alias = ident(part.get(at + 1)).filter(|word| word == "as").and(ident(part.get(at + 2)));
            let name = alias.or_else(|| segments.last().cloned()).unwrap_or_default();
            found(start, segments, name);
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::facts::Facts;

    #[test]
    fn trees_unfold() {
        let code = "pub use a::{b, c::{self, d as e}, f::*};\nfn g() -> impl X + use<'a> {}\nuse ::std::time::Instant;\n";
        let uses = Facts::read(code).unwrap().uses;
        let found: Vec<(usize, String, &str)> =
            uses.iter().map(|u| (u.line, u.segments.join("::"), u.name.as_str())).collect();
        let expected = [
            (1, "a::b", "b"),
            (1, "a::c", "c"),
            (1, "a::c::d", "e"),
            (1, "a::f::*", "*"),
            (3, "std::time::Instant", "Instant"),
        ];
        assert_eq!(found, expected.map(|(line, path, name)| (line, path.to_owned(), name)));
    }
}
