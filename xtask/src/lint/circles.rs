//! Modules that lie side by side import each other in one direction only, at every depth.
//!
//! Cargo keeps crates apart; inside a crate only this rule does. `a::b` that imports `a::c::d` means, within `a`, that
//! `b` imports `c`. A module and its parent may know each other: the parent is the front of its folder. Test code may
//! import everything.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::Finding;
use super::modules::{Module, Modules, inline, of_file};
use super::source::Source;

/// The imports among the children of one module, and the first place of each.
type Imports = BTreeMap<(String, String), (String, usize)>;

pub(super) fn check(sources: &[Source], findings: &mut Vec<Finding>) {
    let roots: BTreeSet<&str> =
        sources.iter().filter_map(|s| s.path.find("/src/").and_then(|at| s.path.get(..at + 5))).collect();
    for root in roots {
        let product = sources.iter().filter(|source| !source.is_all_test());
        let files: Vec<(&str, &Source)> =
            product.filter_map(|source| Some((source.path.strip_prefix(root)?, source))).collect();
        let name = root.trim_end_matches("/src/").rsplit('/').next().unwrap_or(root);
        for (parent, imports) in imports(&files) {
            let parent: Vec<&str> = [name].into_iter().chain(parent.iter().map(String::as_str)).collect();
            report(&parent.join("::"), &imports, findings);
        }
    }
}

fn report(parent: &str, imports: &Imports, findings: &mut Vec<Finding>) {
    let mut reported: BTreeSet<BTreeSet<String>> = BTreeSet::new();
    let modules: BTreeSet<&String> = imports.keys().map(|(from, _)| from).collect();
    for module in modules {
        let Some(circle) = shortest_circle(imports, module) else { continue };
        if !reported.insert(circle.iter().cloned().collect()) {
            continue;
        }
        let steps = circle.iter().zip(circle.iter().cycle().skip(1));
        let places: Vec<&(String, usize)> =
            steps.filter_map(|(from, to)| imports.get(&(from.clone(), to.clone()))).collect();
        let Some((file, line)) = places.first() else { continue };
        let all: Vec<String> = places.iter().map(|(file, line)| format!("{file}:{line}")).collect();
        let mend = format!(
            "in {parent}, {} → {module} import each other ({}): move what they share into a module below both",
            circle.join(" → "),
            all.join(", ")
        );
        findings.push(Finding::new(file, *line, "module-circle", mend));
    }
}

/// Returns the imports of a crate by the module whose children they join.
fn imports(files: &[(&str, &Source)]) -> BTreeMap<Module, Imports> {
    let modules = Modules::read(files);
    let mut all: BTreeMap<Module, Imports> = BTreeMap::new();
    for (path, source) in files {
        let Some(file) = of_file(path) else { continue };
        let facts = &source.facts;
        let uses = facts.uses.iter().map(|used| (used.line, used.module.as_deref(), &used.segments));
        let paths = facts.paths.iter().map(|path| (path.line, Some(path.module.as_slice()), &path.segments));
        for (line, module, segments) in uses.chain(paths).filter(|(line, ..)| !source.is_test_line(*line)) {
            let from = inline(&file, module.unwrap_or_default());
            let Some(to) = modules.resolve(&from, segments) else { continue };
            let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
            // One of the two is the other's parent, or they are the same.
            let (Some(mine), Some(other)) = (from.get(shared), to.get(shared)) else { continue };
            let parent: Module = from.iter().take(shared).cloned().collect();
            let place = || (source.path.clone(), line);
            all.entry(parent).or_default().entry((mine.clone(), other.clone())).or_insert_with(place);
        }
    }
    all
}

/// Returns the shortest way from a module back to itself, without the repeated end.
fn shortest_circle(imports: &Imports, start: &str) -> Option<Vec<String>> {
    let mut ways = VecDeque::from([vec![start.to_owned()]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        let here = way.last()?.clone();
        for (_, to) in imports.keys().filter(|(from, _)| *from == here) {
            if to == start {
                return Some(way);
            }
            if seen.insert(to.clone()) {
                let mut longer = way.clone();
                longer.push(to.clone());
                ways.push_back(longer);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::lint::source::Source;

    fn circles(files: &[(&str, &str)]) -> Vec<String> {
        let source =
            |(path, text): &(&str, &str)| Source::new(&format!("crates/x/src/{path}"), text).unwrap();
        let mut findings = Vec::new();
        check(&files.iter().map(source).collect::<Vec<_>>(), &mut findings);
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn one_direction_is_fine() {
        let files = [
            ("lib.rs", "mod a; mod b; mod d; pub use a::A; use b::B; pub use d::*;"),
            ("a.rs", "use crate::b::B;\n#[cfg(test)]\nmod tests { use crate::c::C; }"),
            ("b.rs", "pub struct B;"),
            ("c.rs", "use crate::A;"),
            ("d/mod.rs", "mod e; pub struct D; use e::E;"),
            ("d/e.rs", "use super::D; pub struct E;"),
        ];
        assert_eq!(circles(&files), [""; 0]);
    }

    #[test]
    fn a_circle_is_reported_once_with_its_places() {
        let files = [
            ("a/mod.rs", "mod deep;"),
            ("a/deep.rs", "\nuse super::super::b;"),
            ("b.rs", "fn f() { crate::c::g() }"),
            ("c.rs", "use crate::{a::X};"),
        ];
        let expected = "crates/x/src/a/deep.rs:2: module-circle: in x, a → b → c → a import each other \
            (crates/x/src/a/deep.rs:2, crates/x/src/b.rs:1, crates/x/src/c.rs:1): \
            move what they share into a module below both";
        assert_eq!(circles(&files), [expected]);
    }

    #[test]
    fn circles_are_found_at_every_depth() {
        let files = [
            ("lib.rs", "mod a;"),
            ("a/mod.rs", "mod b; mod c; pub use b::B;"),
            ("a/b/mod.rs", "mod inner; pub struct B;"),
            ("a/b/inner.rs", "use super::super::c::C;"),
            ("a/c.rs", "pub struct C; fn f() { select! { super::B::new() } }"),
        ];
        let found = circles(&files);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("in x::a, b → c → b import each other"), "{found:?}");
    }

    #[test]
    fn re_exports_and_globs_hide_no_circle() {
        for export in
            ["pub use a::{A, Other as O};", "pub use a::*;", "pub use m::*; mod m { pub use crate::a::O; }"]
        {
            let files =
                [("lib.rs", export), ("a.rs", "pub struct O; use crate::b::B;"), ("b.rs", "use crate::O;")];
            assert_eq!(circles(&files).len(), 1, "{export}");
        }
    }
}
