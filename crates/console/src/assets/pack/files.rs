//! The files of `console/` that are served.

use std::fs;
use std::path::Path;

use super::comments;

/// The folders with modules.
const FOLDERS: &[&str] = &["base", "frame", "parts", "screens", "vendor"];

/// A file as it is served.
pub(crate) struct Source {
    /// Path below the folder of the version, with `/`.
    pub(crate) path: String,
    pub(crate) content: Vec<u8>,
}

/// Reads all files, ordered by path. The style sheets become one, in the order of their names.
pub(crate) fn read(console: &Path) -> Result<Vec<Source>, String> {
    let mut sources = Vec::new();
    sources.push(Source { path: "main.js".to_owned(), content: text(&console.join("main.js"))? });
    for folder in FOLDERS {
        modules(&console.join(folder), folder, &mut sources)?;
    }
    let mut style = Vec::new();
    for name in names(&console.join("style"))? {
        style.extend(text(&console.join("style").join(name))?);
    }
    sources.push(Source { path: "style.css".to_owned(), content: style });
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(sources)
}

/// Adds all modules in `folder`, at any depth.
fn modules(folder: &Path, path: &str, sources: &mut Vec<Source>) -> Result<(), String> {
    for name in names(folder)? {
        let (inner, inner_path) = (folder.join(&name), format!("{path}/{name}"));
        if inner.is_dir() {
            modules(&inner, &inner_path, sources)?;
        } else if inner.extension().is_some_and(|extension| extension == "js") {
            sources.push(Source { path: inner_path, content: text(&inner)? });
        }
    }
    Ok(())
}

/// Returns the names in a folder, in order.
fn names(folder: &Path) -> Result<Vec<String>, String> {
    let failed = |e: std::io::Error| format!("{}: {e}", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let name = name.into_string().map_err(|name| format!("{}: not a name in UTF-8", name.display()))?;
        if !name.starts_with('.') {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Reads a script or a style sheet, without comments.
fn text(file: &Path) -> Result<Vec<u8>, String> {
    let text = fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
    Ok(comments::without(&text).into_bytes())
}

/// Returns the media type of a served file.
pub(crate) fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        _ => "application/octet-stream",
    }
}
