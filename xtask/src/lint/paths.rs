//! The paths a source names, `use` trees unfolded.

use super::scan::{Scan, split_commas};

/// One leaf of a `use` tree.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Leaf {
    pub(super) line: usize,
    /// The whole path, `std::time::Instant`.
    pub(super) path: String,
    /// What it is called from then on.
    pub(super) name: String,
}

/// Every leaf of every `use` in the code.
pub(super) fn uses(code: &str) -> Vec<Leaf> {
    let scan = Scan::new(code);
    let mut leaves = Vec::new();
    for at in scan.words("use") {
        let start = scan.skip_space(at + 3);
        let Some(end) = scan.find_flat(start, &[';']) else { continue };
        if scan.get(start) == '<' {
            continue; // `impl Trait + use<'a>`
        }
        let line = scan.line(at);
        let unfolded = unfold(&scan.text(start, end));
        leaves.extend(unfolded.into_iter().map(|(path, name)| Leaf { line, path, name }));
    }
    leaves
}

/// `a::{b, c::d as e}` → (`a::b`, `b`), (`a::c::d`, `e`).
fn unfold(tree: &str) -> Vec<(String, String)> {
    let Some((prefix, rest)) = tree.split_once('{') else {
        let (path, alias) = tree.split_once(" as ").unwrap_or((tree, ""));
        let path: String = path.split_whitespace().collect();
        let last = path.rsplit("::").next().unwrap_or_default().to_owned();
        let name = if alias.is_empty() { last } else { alias.trim().to_owned() };
        return vec![(path, name)];
    };
    let prefix: String = prefix.split_whitespace().collect();
    let inside = rest.rsplit_once('}').map_or(rest, |(inside, _)| inside);
    let leaves = split_commas(inside).into_iter().flat_map(|part| unfold(&part));
    leaves
        .map(|(path, name)| match path.as_str() {
            "self" => (prefix.trim_end_matches("::").to_owned(), name),
            _ => (format!("{prefix}{path}"), name),
        })
        .collect()
}

/// The names directly below the crate root that code mentions, with their lines. `depth` is how many
/// modules deep the code lies: that many `super`s lead to the root as well.
pub(super) fn below_root(code: &str, depth: usize) -> Vec<(usize, String)> {
    let scan = Scan::new(code);
    let from_crate = scan.words("crate").into_iter().map(|at| at + 5);
    let supers = scan.words("super").into_iter().filter_map(|at| behind_supers(&scan, at, depth));
    let mut names = Vec::new();
    for at in from_crate.chain(supers) {
        if scan.text(at, at + 2) != "::" {
            continue;
        }
        let start = scan.skip_space(at + 2);
        if scan.get(start) == '{' {
            let Some(end) = scan.closing(start) else { continue };
            for part in split_commas(&scan.text(start + 1, end)) {
                names.push((scan.line(at), Scan::new(&part).name(0)));
            }
        } else {
            names.push((scan.line(at), scan.name(start)));
        }
    }
    names
}

/// The position behind exactly `depth` `super`s that start here.
fn behind_supers(scan: &Scan, at: usize, depth: usize) -> Option<usize> {
    let follows_another = at >= 7 && scan.text(at - 7, at) == "super::";
    let chain = vec!["super"; depth].join("::");
    let end = at + chain.len();
    let exact = scan.text(at, end) == chain && scan.text(end, end + 7) != "::super";
    (depth > 0 && !follows_another && exact).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::{below_root, uses};

    #[test]
    fn trees_unfold() {
        let code = "pub use a::{b, c::{self, d as e}, f::*};\nfn g() -> impl X + use<'a> {}\nuse std::time::Instant;\n";
        let found: Vec<(usize, String, String)> =
            uses(code).into_iter().map(|l| (l.line, l.path, l.name)).collect();
        let expected = [
            (1, "a::b", "b"),
            (1, "a::c", "self"),
            (1, "a::c::d", "e"),
            (1, "a::f::*", "*"),
            (3, "std::time::Instant", "Instant"),
        ];
        assert_eq!(found, expected.map(|(l, p, n)| (l, p.to_owned(), n.to_owned())));
    }

    #[test]
    fn names_below_the_root_are_found_through_crate_and_super() {
        let code = "use crate::{a, b::{c, d}};\npub(crate) fn f() { crate::e::g(); super::super::h(); super::i(); }\n";
        let names: Vec<String> = below_root(code, 2).into_iter().map(|(_, name)| name).collect();
        assert_eq!(names, ["a", "b", "e", "h"]);
    }
}
