//! Leaves comments and indentation out of what is sent. All other lines stay as they are, with their numbers, so that the
//! browser's tools show the lines of the repository.

/// Beginning of a type comment within a line, such as `/** @type {A} */ (a)`.
const TYPE: &str = "/** @";

/// Returns a script or a style sheet without its comments and its indentation.
///
/// A line is a comment if it begins with `//`, or lies in a block that begins and ends a line. `cargo xtask lint` refuses
/// the one thing that could be mistaken for one: a text over several lines. Within a line only type comments go.
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
            push_without_types(trimmed, &mut kept);
        }
        kept.push('\n');
    }
    kept
}

/// Appends a line without its type comments and the blank after each.
fn push_without_types(line: &str, kept: &mut String) {
    let mut rest = line;
    while let Some((before, from)) = rest.split_once(TYPE) {
        let Some((_, after)) = from.split_once("*/") else { break };
        kept.push_str(before);
        rest = after.strip_prefix(' ').unwrap_or(after);
    }
    kept.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::without;

    #[test]
    fn comments_and_indentation_go_and_lines_keep_their_numbers() {
        let text = "// a\n/** b @type {C} */\n  const a = /** @type {D} */ (b); // c\n/**\n * d\n */\n/** e */ f();\n/* g */\n";
        assert_eq!(without(text), "\n\nconst a = (b); // c\n\n\n\n/** e */ f();\n\n");
        assert_eq!(without("f((/** @type {A} */ a) => /** @type {B} */ (a));"), "f((a) => (a));\n");
        assert_eq!(without("a = \"/** @\";"), "a = \"/** @\";\n");
    }
}
