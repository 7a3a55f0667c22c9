//! Refuses members that are given twice, because the second would silently replace the first.

use super::members::Members;
use footbridge_model::json::Pairs;
use footbridge_model::package::ManifestError;
use serde_json::value::RawValue;
use std::collections::BTreeSet;

/// The members of a `package.json` that the server reads. All others belong to npm and other tools.
const READ: [&str; 5] = ["name", "version", "description", "bolt", "footbridge"];

/// Refuses a member that is given twice within the members that the server reads.
pub(super) fn check(file: &str, text: &str) -> Result<(), ManifestError> {
    look(file, "", text)
}

fn look(file: &str, at: &str, text: &str) -> Result<(), ManifestError> {
    // Values other than objects have no members.
    let Ok(Pairs(pairs)) = serde_json::from_str::<Pairs<String, &RawValue>>(text) else { return Ok(()) };
    let members = Members::new(file, at, None);
    let mut seen = BTreeSet::new();
    for (name, value) in &pairs {
        if at.is_empty() && !READ.contains(&name.as_str()) {
            continue;
        }
        if !seen.insert(name) {
            return Err(members.error(name, "is given twice; remove one of the two"));
        }
        look(file, &members.name(name), value.get())?;
    }
    Ok(())
}
