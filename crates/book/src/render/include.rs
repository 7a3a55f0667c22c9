//! `{{#include FILE}}` and `{{#include FILE:NAME}}`, as mdBook has them.

use std::path::Path;

const OPEN: &str = "{{#include ";
const CLOSE: &str = "}}";

/// The text of a page with its includes put in, and where that text comes from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// Markdown of the page.
    pub(crate) text: String,
    /// The file that relative links start from, relative to the repository.
    pub(crate) base: String,
    /// Every file that was read, relative to the repository.
    pub(crate) files: Vec<String>,
    /// The file that the page consists of, if it is nothing but one complete file.
    pub(crate) whole: Option<String>,
}

/// Reads a page. Relative links of a page that begins with an include start from the included file.
///
/// # Errors
/// A file that cannot be read or an anchor that it does not have.
pub(crate) fn read(root: &Path, file: &str) -> Result<Source, String> {
    let own = load(root, file)?;
    let mut source =
        Source { text: String::new(), base: file.to_owned(), files: vec![file.to_owned()], whole: None };
    let only = own.trim();
    let mut rest = own.as_str();
    while let Some((before, behind)) = rest.split_once(OPEN) {
        let (what, after) =
            behind.split_once(CLOSE).ok_or_else(|| format!("{file}: an include without `}}}}`"))?;
        let (target, anchor) = what.split_once(':').map_or((what, None), |(path, name)| (path, Some(name)));
        let target = super::links::join(file, target);
        let text = load(root, &target)?;
        let text = match anchor {
            None => text,
            Some(name) => {
                part(&text, name).ok_or_else(|| format!("{file}: {target} has no anchor {name}"))?
            }
        };
        // A page about a configuration file includes it as code: links then start from the page.
        if target.strip_suffix(".md").is_some() {
            source.base.clone_from(&target);
        }
        if anchor.is_none() && only == format!("{OPEN}{what}{CLOSE}") {
            source.whole = Some(target.clone());
        }
        source.files.push(target);
        source.text.push_str(before);
        source.text.push_str(text.trim_end());
        rest = after;
    }
    source.text.push_str(rest);
    source.text = without_anchors(&source.text);
    Ok(source)
}

fn load(root: &Path, file: &str) -> Result<String, String> {
    std::fs::read_to_string(root.join(file)).map_err(|error| format!("cannot read {file}: {error}"))
}

/// The lines between `<!-- ANCHOR: name -->` and `<!-- ANCHOR_END: name -->`.
fn part(text: &str, name: &str) -> Option<String> {
    let (_, behind) = text.split_once(&format!("<!-- ANCHOR: {name} -->\n"))?;
    let (part, _) = behind.split_once(&format!("<!-- ANCHOR_END: {name} -->"))?;
    Some(part.to_owned())
}

fn without_anchors(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("<!-- ANCHOR"));
    lines.flat_map(|line| [line, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::{part, without_anchors};

    #[test]
    fn a_part_is_what_its_anchors_enclose() {
        let text = "a\n<!-- ANCHOR: x -->\nb\n<!-- ANCHOR_END: x -->\nc\n";
        assert_eq!(part(text, "x").unwrap(), "b\n");
        assert_eq!(part(text, "y"), None);
        assert_eq!(without_anchors(text), "a\nb\nc\n");
    }
}
