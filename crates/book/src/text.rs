//! Text within HTML. Shared with the build script, so that both count the same words.

/// The text of rendered HTML, without tags and with its four escapes decoded.
pub(crate) fn plain(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, behind)) = rest.split_once('<') {
        out.push_str(before);
        // Tags end words, but for those within a line.
        let (tag, after) = behind.split_once('>').unwrap_or((behind, ""));
        let inline = ["a", "/a", "code", "/code", "em", "/em", "strong", "/strong"];
        if !inline.contains(&tag.split(' ').next().unwrap_or_default()) {
            out.push(' ');
        }
        rest = after;
    }
    out.push_str(rest);
    let out = out.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    out.replace("&amp;", "&")
}

/// The words of a text: runs of letters and digits, in lower case, of two characters or more.
pub(crate) fn words(text: &str) -> Vec<String> {
    let runs = text.split(|c: char| !c.is_alphanumeric());
    runs.filter(|run| run.chars().nth(1).is_some()).map(str::to_lowercase).collect()
}
