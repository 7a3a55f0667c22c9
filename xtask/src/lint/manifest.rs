//! Which crate may depend on which, read from the manifests.

use super::Finding;

/// For each crate of the product, the crates it may depend on. `server` passes `model` types through and knows neither
/// port; only `footbridge` gives engine and server their journal.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("api", &[]),
    ("book", &[]),
    ("console", &[]),
    ("journal", &["model"]),
    ("journal-sqlite", &["model", "journal"]),
    ("courier", &["model"]),
    ("engine", &["model", "journal", "courier"]),
    ("runtime", &["model"]),
    ("functions", &["model"]),
    ("oidc", &["model", "courier"]),
    ("server", &["model", "api", "engine", "oidc"]),
    (
        "footbridge",
        &[
            "model",
            "api",
            "book",
            "console",
            "journal",
            "journal-sqlite",
            "courier",
            "engine",
            "oidc",
            "runtime",
            "functions",
            "server",
        ],
    ),
];

/// Outside crates that only these crates may use.
const HOMES: &[(&str, &[&str])] = &[("rusqlite", &["journal-sqlite"]), ("axum", &["server"])];

struct Dependency<'a> {
    line: usize,
    name: &'a str,
    for_tests: bool,
    from_workspace: bool,
}

pub(super) fn check(path: &str, text: &str, findings: &mut Vec<Finding>) {
    let name = path.trim_end_matches("/Cargo.toml").rsplit('/').next().unwrap_or(path);
    let in_product = path.starts_with("crates/");
    let known = MAY_KNOW.iter().find(|(member, _)| *member == name).map(|(_, below)| *below);
    let mut find = |line, rule, mend| findings.push(Finding { file: path.to_owned(), line, rule, mend });
    if in_product && known.is_none() {
        find(
            1,
            "crate-direction",
            format!(
                "add `{name}` to the table in xtask/src/lint/manifest.rs with the crates it may depend on"
            ),
        );
    }
    for dependency in dependencies(text) {
        let Dependency { line, name: wanted, .. } = dependency;
        if !dependency.from_workspace {
            find(
                line,
                "version",
                format!("write `{wanted}.workspace = true`: versions live in the root manifest"),
            );
        }
        if let (Some(below), Some(sibling)) = (known, wanted.strip_prefix("footbridge-")) {
            let allowed = if dependency.for_tests { reach(name) } else { below.to_vec() };
            if in_product && !allowed.contains(&sibling) {
                find(
                    line,
                    "crate-direction",
                    format!("`{name}` may not depend on `{sibling}`: take a value or a port"),
                );
            }
        }
        let home = HOMES.iter().find(|(driver, _)| *driver == wanted);
        if let Some((driver, homes)) = home.filter(|(_, homes)| !homes.contains(&name)) {
            find(line, "driver", format!("only {} may use `{driver}`", homes.join(", ")));
        }
    }
}

/// Returns the crates that the tests of a crate may use: all that it depends on, directly or not.
fn reach(name: &str) -> Vec<&'static str> {
    let direct = MAY_KNOW.iter().find(|(member, _)| *member == name).map_or(&[][..], |(_, below)| below);
    let mut all: Vec<&'static str> =
        direct.iter().flat_map(|below| reach(below)).chain(direct.to_vec()).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn dependencies(text: &str) -> Vec<Dependency<'_>> {
    let mut found = Vec::new();
    let mut section = "";
    for (index, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.starts_with('[') {
            section = line.trim_matches(['[', ']']);
            continue;
        }
        let in_dependencies = section.ends_with("dependencies") && !section.starts_with("workspace");
        let Some((key, value)) = line.split_once('=').filter(|_| in_dependencies) else { continue };
        let (name, field) = key.trim().split_once('.').unwrap_or((key.trim(), ""));
        found.push(Dependency {
            line: index + 1,
            name,
            for_tests: section.contains("dev-"),
            from_workspace: field == "workspace" || value.contains("workspace = true"),
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::check;

    fn rules(path: &str, text: &str) -> Vec<(usize, &'static str)> {
        let mut findings = Vec::new();
        check(path, text, &mut findings);
        findings.iter().map(|finding| (finding.line, finding.rule)).collect()
    }

    #[test]
    fn arrows_only_point_down() {
        let text =
            "[dependencies]\nfootbridge-model.workspace = true\nfootbridge-server = { workspace = true }\n";
        assert_eq!(rules("crates/engine/Cargo.toml", text), [(3, "crate-direction")]);
    }

    #[test]
    fn tests_may_use_indirect_dependencies() {
        let text = "[dev-dependencies]\nfootbridge-journal = { workspace = true, features = [\"test\"] }\n";
        assert!(rules("crates/server/Cargo.toml", text).is_empty());
        assert_eq!(rules("crates/courier/Cargo.toml", text), [(2, "crate-direction")]);
    }

    #[test]
    fn versions_and_drivers_have_one_place() {
        let text = "[package]\nversion = \"1\"\n[dependencies]\nserde = \"1\"\nrusqlite.workspace = true\n";
        assert_eq!(rules("crates/engine/Cargo.toml", text), [(4, "version"), (5, "driver")]);
    }

    #[test]
    fn a_new_crate_must_be_placed() {
        assert_eq!(rules("crates/unheard-of/Cargo.toml", ""), [(1, "crate-direction")]);
    }
}
