//! One type of a name in each crate, so that a name alone leads to its place.

use std::collections::BTreeMap;

use super::Finding;
use super::source::Source;

/// Crates and names that several types of the crate may have.
const ALLOWED: &[(&str, &str)] = &[];

pub(super) fn check(sources: &[Source], findings: &mut Vec<Finding>) {
    let mut types: BTreeMap<(&str, &str), Vec<(&str, usize)>> = BTreeMap::new();
    for source in sources {
        let Some((root, _)) = source.path.split_once("/src/") else { continue };
        let product = source.facts.items.iter().filter(|item| !source.is_test_line(item.line));
        for item in product.filter(|item| item.is_type) {
            types.entry((root, &item.name)).or_default().push((&source.path, item.line));
        }
    }
    for ((root, name), places) in types {
        let [first, others @ ..] = places.as_slice() else { continue };
        let crate_name = root.rsplit('/').next().unwrap_or(root);
        if others.is_empty() || ALLOWED.contains(&(crate_name, name)) {
            continue;
        }
        let others: Vec<String> = others.iter().map(|(file, line)| format!("{file}:{line}")).collect();
        let mend = format!("`{name}` is also the name of {}: give each type its own name", others.join(", "));
        findings.push(Finding::new(first.0, first.1, "type-name", mend));
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::lint::source::Source;

    #[test]
    fn a_crate_has_one_type_of_a_name() {
        let files = [
            ("crates/a/src/b.rs", "struct State;\n#[cfg(test)]\nmod tests { struct Fake; }"),
            ("crates/a/src/c.rs", "mod m { enum State {} }\nstruct Fake; impl X { type State = u8; }"),
            ("crates/d/src/e.rs", "struct State;"),
        ];
        let sources: Vec<Source> =
            files.iter().map(|(path, text)| Source::new(path, text).unwrap()).collect();
        let mut findings = Vec::new();
        check(&sources, &mut findings);
        let found: Vec<String> = findings.iter().map(ToString::to_string).collect();
        let expected = "crates/a/src/b.rs:1: type-name: `State` is also the name of crates/a/src/c.rs:1: \
            give each type its own name";
        assert_eq!(found, [expected]);
    }
}
