//! The index of words for the search.

use crate::text;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Which sections have which word.
#[derive(Debug, Default)]
pub(crate) struct Words(BTreeMap<String, BTreeSet<usize>>);

impl Words {
    /// Adds the words of the section with this number.
    pub(crate) fn add(&mut self, section: usize, html: &str) {
        for word in text::words(&text::plain(html)) {
            self.0.entry(word).or_default().insert(section);
        }
    }

    /// One line for each word, sorted: the word, then the numbers of its sections.
    pub(crate) fn lines(&self) -> String {
        let mut out = String::new();
        for (word, sections) in &self.0 {
            out.push_str(word);
            for section in sections {
                // Writing to a string cannot fail.
                let _ = write!(out, " {section}");
            }
            out.push('\n');
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::Words;

    #[test]
    fn a_line_for_each_word() {
        let mut words = Words::default();
        words.add(0, "<p>Retry &amp; wait</p>");
        words.add(7, "<code>retry</code>");
        assert_eq!(words.lines(), "retry 0 7\nwait 0\n");
    }
}
