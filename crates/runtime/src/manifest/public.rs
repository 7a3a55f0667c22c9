//! Reads `bolt.public`: the files and folders that are served below `/public/<app>/`.

use super::files::Directory;
use super::members::Members;
use footbridge_model::package::ManifestError;
use serde_json::Value;
use std::collections::BTreeMap;

/// The public files and folders by URL path, and a list of warnings.
type PublicPaths = (BTreeMap<String, String>, Vec<String>);

/// Reads a list of paths or an object with `paths`, as Bolt does: each is served under the same path. A single
/// folder, written as a string, is served as `/public/<app>/` itself.
pub(super) fn read(bolt: &Members<'_>, directory: Directory<'_>) -> Result<PublicPaths, ManifestError> {
    let Some(value) = bolt.value("public") else { return Ok(PublicPaths::default()) };
    match value {
        Value::String(path) => read_folder(bolt, path, directory),
        Value::Array(_) => {
            let paths = bolt.texts("public")?.unwrap_or_default();
            read_list(bolt, "public", &paths, directory)
        }
        Value::Object(map) => {
            // Bolt's `clean`, `move` and `overwrite` control copying. Nothing is copied here.
            let inner = bolt.inner("bolt.public", map);
            let paths = inner.texts("paths")?.ok_or_else(|| {
                inner.error("paths", "is missing; write the files and folders that everybody may read")
            })?;
            read_list(&inner, "paths", &paths, directory)
        }
        other => Err(bolt.kind("public", "a folder, or an array of files and folders", other)),
    }
}

fn read_folder(
    bolt: &Members<'_>,
    path: &str,
    directory: Directory<'_>,
) -> Result<PublicPaths, ManifestError> {
    let (path, warning) = directory.public_path(path).map_err(|why| bolt.error("public", why))?;
    let at = if directory.is_file(&path) { path.clone() } else { String::new() };
    let warnings = warning.map(|why| format!("`bolt.public` {why}"));
    Ok(([(at, path)].into(), warnings.into_iter().collect()))
}

fn read_list(
    members: &Members<'_>,
    member: &str,
    paths: &[&str],
    directory: Directory<'_>,
) -> Result<PublicPaths, ManifestError> {
    let (mut public, mut warnings) = PublicPaths::default();
    for path in paths {
        let (path, warning) = directory.public_path(path).map_err(|why| members.error(member, why))?;
        warnings.extend(warning.map(|why| format!("`{}` {why}", members.name(member))));
        public.insert(path.clone(), path);
    }
    Ok((public, warnings))
}
