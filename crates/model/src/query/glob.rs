//! Texts with `*`, which stands for any characters.

use std::fmt;
use std::str::Chars;

/// A text in which `*` stands for any number of characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob {
    written: String,
    /// The text as it is compared.
    pattern: Vec<char>,
    ignores_case: bool,
}

impl Glob {
    /// The glob that distinguishes capitals.
    ///
    /// ```
    /// use footbridge_model::query::Glob;
    ///
    /// assert!(Glob::exact("a*c").matches("abbc"));
    /// assert!(!Glob::exact("a*c").matches("Abbc"));
    /// ```
    #[must_use]
    pub fn exact(text: &str) -> Self {
        Self { written: text.to_owned(), pattern: text.chars().collect(), ignores_case: false }
    }

    /// The glob that does not distinguish capitals.
    #[must_use]
    pub fn without_case(text: &str) -> Self {
        let pattern = text.chars().flat_map(char::to_lowercase).collect();
        Self { written: text.to_owned(), pattern, ignores_case: true }
    }

    /// Returns true if the text matches.
    pub fn matches(&self, text: &str) -> bool {
        if self.ignores_case && !text.is_ascii() {
            return matches(&self.pattern, text.to_lowercase().chars());
        }
        if self.ignores_case && text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return matches(&self.pattern, text.to_ascii_lowercase().chars());
        }
        matches(&self.pattern, text.chars())
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

/// Goes back to the last `*` only, so the time is at most the product of both lengths.
fn matches(mut pattern: &[char], mut text: Chars<'_>) -> bool {
    let mut last_star: Option<(&[char], Chars<'_>)> = None;
    loop {
        match pattern {
            ['*', rest @ ..] => {
                pattern = rest;
                last_star = Some((rest, text.clone()));
                continue;
            }
            [] if text.as_str().is_empty() => return true,
            [wanted, rest @ ..] if text.next() == Some(*wanted) => {
                pattern = rest;
                continue;
            }
            _ => {}
        }
        // The `*` takes one character more.
        let Some((after, from)) = &mut last_star else { return false };
        if from.next().is_none() {
            return false;
        }
        (pattern, text) = (*after, from.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("**", "ab", true),
            ("a*", "a", true),
            ("*a", "ba", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxbyy", false),
            ("*ab", "aab", true),
            ("*aab*", "aaaab", true),
            ("order-*", "order-paid", true),
            ("order-*", "preorder-paid", false),
            ("é*", "éa", true),
        ] {
            assert_eq!(Glob::exact(pattern).matches(text), expected, "{pattern} {text}");
        }
        assert!(Glob::without_case("Ärg*").matches("ärger"));
        assert!(Glob::without_case("order*").matches("ORDER-1"));
        // Would take for ever with backtracking to every star.
        let pattern = "*a".repeat(30) + "b";
        assert!(!Glob::exact(&pattern).matches(&"a".repeat(5000)));
    }

    proptest! {
        #[test]
        fn a_text_matches_itself_with_any_part_replaced(text in "[ab]{0,12}", from in 0_usize..13, to in 0_usize..13) {
            let (from, to) = (from.min(text.len()), to.min(text.len()));
            let pattern = format!("{}*{}", &text[..from.min(to)], &text[from.max(to)..]);
            prop_assert!(Glob::exact(&pattern).matches(&text), "{pattern} {text}");
        }
    }
}
