//! Leaves comments out of what is sent. All other lines stay as they are, with their numbers, so that the browser's tools
//! show the lines of the repository.

/// Returns a script or a style sheet without its whole-line comments.
///
/// A line is a comment if it begins with `//`, or lies in a block that begins and ends a line. `cargo xtask lint` refuses
/// the one thing that could be mistaken for one: a text over several lines.
pub(crate) fn without(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut in_block = false;
    for line in text.lines() {
        let trimmed = line.trim();
        let opens = !in_block && trimmed.starts_with("/*");
        let is_comment = if in_block || opens {
            // What follows the end of a block on its line is code.
            let end = trimmed.find("*/");
            in_block = end.is_none();
            end.is_none_or(|end| end + 2 == trimmed.len())
        } else {
            trimmed.starts_with("//")
        };
        if !is_comment {
            kept.push_str(line);
        }
        kept.push('\n');
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::without;

    #[test]
    fn comments_go_and_lines_keep_their_numbers() {
        let text = "// a\n/** b @type {C} */\nconst a = /** @type {D} */ (b); // c\n/**\n * d\n */\n/** e */ f();\n/* g */\n";
        assert_eq!(without(text), "\n\nconst a = /** @type {D} */ (b); // c\n\n\n\n/** e */ f();\n\n");
    }
}
