//! Every outside crate has a reason in `docs/dependencies.md`.

use super::Finding;

pub(super) const PAGE: &str = "docs/dependencies.md";

/// Compares the root manifest with the page. A crate is explained if it is in backquotes in the first column of a
/// table.
pub(super) fn check(root_manifest: &str, page: &str, findings: &mut Vec<Finding>) {
    let explained: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('|').next())
        .flat_map(|cell| cell.split(['`', ',', ' ']))
        .collect();
    let mut inside = false;
    for (index, line) in root_manifest.lines().enumerate() {
        if line.starts_with('[') {
            inside = line.trim() == "[workspace.dependencies]";
            continue;
        }
        let name = line.split_once('=').map(|(name, _)| name.trim());
        let outside =
            name.filter(|name| inside && !name.starts_with("footbridge-") && !name.starts_with('#'));
        if let Some(name) = outside.filter(|name| !explained.contains(name)) {
            let mend = format!("add a row to {PAGE}: why `{name}`, and not an alternative");
            findings.push(Finding::new("Cargo.toml", index + 1, "dependency-reason", mend));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn a_crate_without_a_reason_is_found() {
        let manifest = "[workspace.dependencies]\nfootbridge-model = {}\na = \"1\"\nb-c = \"1\"\nd = \"1\"\n[x]\ne = 1\n";
        let mut findings = Vec::new();
        check(manifest, "text about d\n| `a`, `b-c` | why d |\n", &mut findings);
        assert_eq!(findings.iter().map(|f| f.line).collect::<Vec<_>>(), [5]);
    }
}
