//! Members that are given twice: the second would silently take the place of the first.

use super::members::Members;
use footbridge_model::json::Pairs;
use footbridge_model::package::ManifestError;
use serde_json::value::RawValue;
use std::collections::BTreeSet;

/// What is read of a `package.json`; the rest is npm's business.
const READ: [&str; 5] = ["name", "version", "description", "bolt", "footbridge"];

/// Refuses a member that is given twice in what is read of the file.
pub(super) fn check(file: &str, text: &str) -> Result<(), ManifestError> {
    look(file, "", text)
}

fn look(file: &str, at: &str, text: &str) -> Result<(), ManifestError> {
    // What is no object has no members.
    let Ok(Pairs(pairs)) = serde_json::from_str::<Pairs<String, &RawValue>>(text) else { return Ok(()) };
    let members = Members::new(file, at, None);
    let mut seen = BTreeSet::new();
    for (name, value) in &pairs {
        if at.is_empty() && !READ.contains(&name.as_str()) {
            continue;
        }
        if !seen.insert(name) {
            return Err(members.error(name, "is given twice; leave one of them out"));
        }
        look(file, &members.name(name), value.get())?;
    }
    Ok(())
}
