//! No knots inside a crate: the modules directly below a crate's root import each other one way only.
//!
//! Cargo keeps crates apart; inside a crate nothing else does. Names that the root re-exports are traced
//! back to the module they come from. Tests and the root itself are left out: both may know everybody.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::Finding;
use super::paths::{Leaf, below_root, uses};
use super::source::Source;

/// Which module imports which, and where it does so first.
type Imports = BTreeMap<(String, String), (String, usize)>;

pub(super) fn check(sources: &[Source], findings: &mut Vec<Finding>) {
    let roots: BTreeSet<&str> =
        sources.iter().filter_map(|s| s.path.find("/src/").and_then(|at| s.path.get(..at + 5))).collect();
    for root in roots {
        let files: Vec<(&str, &Source)> =
            sources.iter().filter_map(|s| Some((s.path.strip_prefix(root)?, s))).collect();
        check_crate(&files, findings);
    }
}

fn check_crate(files: &[(&str, &Source)], findings: &mut Vec<Finding>) {
    let imports = imports(files);
    let mut told: BTreeSet<String> = BTreeSet::new();
    let modules: BTreeSet<&String> = imports.keys().map(|(from, _)| from).collect();
    for module in modules {
        let Some(cycle) = shortest_cycle(&imports, module) else { continue };
        if cycle.iter().any(|member| told.contains(member)) {
            continue;
        }
        let steps = cycle.iter().zip(cycle.iter().cycle().skip(1));
        let places: Vec<&(String, usize)> =
            steps.filter_map(|(from, to)| imports.get(&(from.clone(), to.clone()))).collect();
        let Some((file, line)) = places.first() else { continue };
        let all: Vec<String> = places.iter().map(|(file, line)| format!("{file}:{line}")).collect();
        let mend = format!(
            "{} → {module} import each other ({}): move what they share below both",
            cycle.join(" → "),
            all.join(", ")
        );
        findings.push(Finding { file: file.clone(), line: *line, rule: "module-cycle", mend });
        told.extend(cycle);
    }
}

fn imports(files: &[(&str, &Source)]) -> Imports {
    let product = || files.iter().filter(|(_, source)| !source.is_all_test());
    let modules: BTreeSet<String> = product().filter_map(|(file, _)| top_module(file)).collect();
    let exports: BTreeMap<String, String> = product()
        .filter(|(file, _)| top_module(file).is_none())
        .flat_map(|(_, source)| uses(&source.code))
        .filter_map(|leaf| export(leaf, &modules))
        .collect();
    let mut imports = Imports::new();
    for (file, source) in product() {
        let Some(from) = top_module(file) else { continue };
        for (line, name) in below_root(&source.code, depth(file)) {
            let to = if modules.contains(&name) { Some(&name) } else { exports.get(&name) };
            if let Some(to) = to.filter(|to| **to != from && !source.is_test_line(line)) {
                imports.entry((from.clone(), to.clone())).or_insert_with(|| (source.path.clone(), line));
            }
        }
    }
    imports
}

/// The module below the root that a file belongs to; `None` for the root and for further binaries.
fn top_module(file: &str) -> Option<String> {
    let first = file.split('/').next().unwrap_or(file);
    let name = first.trim_end_matches(".rs");
    (!matches!(name, "lib" | "main" | "bin")).then(|| name.to_owned())
}

fn depth(file: &str) -> usize {
    let steps = file.split('/').count();
    if file.ends_with("/mod.rs") { steps - 1 } else { steps }
}

fn export(leaf: Leaf, modules: &BTreeSet<String>) -> Option<(String, String)> {
    let path = leaf.path.trim_start_matches("self::").trim_start_matches("crate::");
    let module = path.split("::").next().filter(|module| modules.contains(*module))?;
    Some((leaf.name, module.to_owned()))
}

/// The shortest way from a module back to itself, without the repeated end.
fn shortest_cycle(imports: &Imports, start: &str) -> Option<Vec<String>> {
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

    fn cycles(files: &[(&str, &str)]) -> Vec<String> {
        let sources: Vec<Source> =
            files.iter().map(|(path, text)| Source::new(&format!("crates/x/src/{path}"), text)).collect();
        let mut findings = Vec::new();
        check(&sources, &mut findings);
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn one_way_is_fine() {
        let files = [
            ("lib.rs", "mod a; mod b; pub use a::A; use b::B;"),
            ("a.rs", "use crate::b::B;\n#[cfg(test)]\nmod tests { use crate::c::C; }"),
            ("b.rs", "pub struct B;"),
            ("c.rs", "use crate::A;"),
        ];
        assert!(cycles(&files).is_empty());
    }

    #[test]
    fn a_knot_is_told_once_with_its_places() {
        let files = [
            ("a/mod.rs", "mod deep;"),
            ("a/deep.rs", "\nuse super::super::b;"),
            ("b.rs", "fn f() { crate::c::g() }"),
            ("c.rs", "use crate::{a::X};"),
        ];
        let found = cycles(&files);
        assert_eq!(found.len(), 1);
        let expected = "crates/x/src/a/deep.rs:2: module-cycle: a → b → c → a import each other \
            (crates/x/src/a/deep.rs:2, crates/x/src/b.rs:1, crates/x/src/c.rs:1): move what they share below both";
        assert_eq!(found, [expected]);
    }

    #[test]
    fn re_exports_do_not_hide_a_knot() {
        let files = [
            ("lib.rs", "pub use a::{A, Other as O};"),
            ("a.rs", "use crate::b::B;"),
            ("b.rs", "use crate::O;"),
        ];
        assert_eq!(cycles(&files).len(), 1);
    }
}
