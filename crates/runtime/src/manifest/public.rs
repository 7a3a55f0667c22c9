//! `bolt.public`: files and folders that everybody may read below `/public/<app>/`.

use super::files::Directory;
use super::members::Members;
use footbridge_model::package::ManifestError;
use serde_json::Value;
use std::collections::BTreeMap;

/// What is public, and what should be mended.
type Public = (BTreeMap<String, String>, Vec<String>);

/// Reads a list of paths or an object with `paths`, as Bolt does: each is served under its own path. One folder, written
/// as a string, is served as `/public/<app>/` itself.
pub(super) fn read(bolt: &Members<'_>, directory: Directory<'_>) -> Result<Public, ManifestError> {
    let Some(value) = bolt.value("public") else { return Ok(Public::default()) };
    match value {
        Value::String(path) => read_folder(bolt, path, directory),
        Value::Array(_) => {
            let paths = bolt.texts("public")?.unwrap_or_default();
            read_list(bolt, "public", &paths, directory)
        }
        Value::Object(map) => {
            // `clean`, `move` and `overwrite` say how Bolt copies: nothing is copied here.
            let inner = bolt.inner("bolt.public", map);
            let paths = inner.texts("paths")?.ok_or_else(|| {
                inner.error("paths", "is missing; write the files and folders that everybody may read")
            })?;
            read_list(&inner, "paths", &paths, directory)
        }
        other => Err(bolt.kind("public", "a folder, or an array of files and folders", other)),
    }
}

fn read_folder(bolt: &Members<'_>, path: &str, directory: Directory<'_>) -> Result<Public, ManifestError> {
    let (path, warning) = directory.shared(path).map_err(|why| bolt.error("public", why))?;
    let at = if directory.is_file(&path) { path.clone() } else { String::new() };
    let warnings = warning.map(|why| format!("`bolt.public` {why}"));
    Ok(([(at, path)].into(), warnings.into_iter().collect()))
}

fn read_list(
    members: &Members<'_>,
    member: &str,
    paths: &[&str],
    directory: Directory<'_>,
) -> Result<Public, ManifestError> {
    let (mut public, mut warnings) = Public::default();
    for path in paths {
        let (path, warning) = directory.shared(path).map_err(|why| members.error(member, why))?;
        warnings.extend(warning.map(|why| format!("`{}` {why}", members.name(member))));
        public.insert(path.clone(), path);
    }
    Ok((public, warnings))
}
