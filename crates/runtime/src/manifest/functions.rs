//! Reads `bolt.functions`, a map from names to files.

use super::files::Directory;
use super::members::Members;
use footbridge_model::package::ManifestError;
use std::collections::BTreeMap;

const NAME_MAX: usize = 128;

pub(super) fn read(
    bolt: &Members<'_>,
    directory: Directory<'_>,
) -> Result<BTreeMap<String, String>, ManifestError> {
    let at = bolt.name("functions");
    let functions = bolt.section("functions", &at)?;
    let mut read = BTreeMap::new();
    for (name, value) in functions.iter() {
        let wrong = |c: char| c.is_control() || c.is_whitespace();
        if name.is_empty() || name.chars().count() > NAME_MAX || name.contains(wrong) {
            let why =
                format!("is not a valid name of a function: write 1 to {NAME_MAX} characters without spaces");
            return Err(functions.error(name, why));
        }
        let file = value
            .as_str()
            .ok_or_else(|| functions.kind(name, "a file, such as \"functions/tag.js\"", value))?;
        let file = directory.function_file(file).map_err(|why| functions.error(name, why))?;
        read.insert(name.to_owned(), file);
    }
    Ok(read)
}
