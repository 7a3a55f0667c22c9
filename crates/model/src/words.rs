//! Messages about unknown names, with the known name that may have been meant. Requests, manifests, options of functions and
//! the configuration file all use them.

/// The longest part of a name that a message repeats, in characters.
const SHOWN_MAX: usize = 64;

/// The message about an unknown name, to be put after the name.
///
/// ```
/// use footbridge_model::words::unknown;
///
/// let message = unknown("boddy", &["body", "headers"]);
/// assert_eq!(message, "is not known here; did you mean `body`? Known are `body`, `headers`");
/// ```
pub fn unknown(name: &str, known: &[&str]) -> String {
    let listed = known.iter().map(|known| format!("`{known}`")).collect::<Vec<_>>().join(", ");
    match (nearest(name, known), known) {
        (Some(meant), [_]) => format!("is not known here; did you mean `{meant}`?"),
        (Some(meant), _) => format!("is not known here; did you mean `{meant}`? Known are {listed}"),
        (None, []) => "is not known here; there is nothing to say".to_owned(),
        (None, _) => format!("is not known here; known are {listed}"),
    }
}

/// A name from input, shortened and without control characters, for use in a message.
pub fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(SHOWN_MAX).collect()
}

/// The known word that is most similar to `word`, if it is similar enough to be a typing error.
pub fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    if word.len() > 4 * SHOWN_MAX {
        return None;
    }
    let word = word.to_lowercase();
    let close = known.iter().map(|known| (distance(&word, &known.to_lowercase()), *known)).min()?;
    let letters = word.chars().count().max(close.1.chars().count());
    let slips = match letters {
        0..=2 => 0,
        3..=5 => 1,
        6..=8 => 2,
        more => more / 3,
    };
    (close.0 <= slips).then_some(close.1)
}

/// The edit distance of two words: insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    let mut before: Option<(char, Vec<usize>)> = None;
    for (i, a) in from.chars().enumerate() {
        let mut next = Vec::with_capacity(row.len());
        next.push(i + 1);
        let mut left_of = None;
        for (j, b) in to.iter().enumerate() {
            let of = |row: &[usize], place: usize| row.get(place).copied().unwrap_or(usize::MAX - 1);
            let mut least =
                (of(&row, j) + usize::from(a != *b)).min(of(&row, j + 1) + 1).min(of(&next, j) + 1);
            if let (Some((above, two_up)), Some(left)) = (&before, left_of)
                && *above == *b
                && left == a
            {
                least = least.min(of(two_up, j.saturating_sub(1)) + 1);
            }
            next.push(least);
            left_of = Some(*b);
        }
        before = Some((a, std::mem::replace(&mut row, next)));
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_similar_word_is_found() {
        assert_eq!(nearest("time_out", &["timeout"]), Some("timeout"));
        assert_eq!(nearest("recevier_url", &["url", "receiver_url"]), Some("receiver_url"));
        assert_eq!(nearest("boddy", &["body", "headers"]), Some("body"));
        assert_eq!(nearest("Body", &["body", "headers"]), Some("body"));
        assert_eq!(nearest("CAMRA", &["Camera", "fax"]), Some("Camera"));
        assert_eq!(nearest("hook", &["hooks", "main"]), Some("hooks"));
        for far in ["colour", "order", "payload", "bold-x", "data", "x", ""] {
            assert_eq!(nearest(far, &["body", "headers", "subscribers"]), None, "{far}");
        }
        assert_eq!(nearest("tpye", &["route", "type"]), Some("type"));
        assert_eq!((distance("ab", "ba"), distance("abcd", "acbd"), distance("ca", "abc")), (1, 1, 3));
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }

    #[test]
    fn messages_list_the_known_words() {
        assert_eq!(
            unknown("boddy", &["body", "headers"]),
            "is not known here; did you mean `body`? Known are `body`, `headers`"
        );
        assert_eq!(unknown("colour", &["name"]), "is not known here; known are `name`");
        assert_eq!(shown("a\nb\u{7}"), "ab");
    }
}
