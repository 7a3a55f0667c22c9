//! The search over headings and text.

use crate::pages::{Page, Section, pages};
use crate::text;
use std::collections::BTreeSet;

/// One line for each word: the word, then the numbers of the sections that have it.
const WORDS: &str = include_str!(concat!(env!("OUT_DIR"), "/words.txt"));

/// How many words of a question count.
const MOST_WORDS: usize = 8;
/// How many sections are shown.
const MOST_RESULTS: usize = 30;
/// How many characters are shown before and after the first match.
const AROUND: usize = 90;

/// A section that has every word of the question.
#[derive(Debug)]
pub(crate) struct Found {
    /// Page of the section.
    pub(crate) page: &'static Page,
    /// Section that has every word.
    pub(crate) section: &'static Section,
    /// The text around the first match.
    pub(crate) excerpt: String,
}

/// Finds the sections in which every word of `question` begins some word: first those that have all of them in
/// their heading, then in reading order.
pub(crate) fn find(question: &str) -> Vec<Found> {
    let wanted: Vec<String> = text::words(question).into_iter().take(MOST_WORDS).collect();
    let mut matching: Option<BTreeSet<usize>> = None;
    for word in &wanted {
        let having = sections_with(word);
        matching = Some(match matching {
            None => having,
            Some(before) => before.intersection(&having).copied().collect(),
        });
    }
    let matching = matching.unwrap_or_default();
    let all = pages().iter().flat_map(|page| page.sections.iter().map(move |section| (page, section)));
    let mut found: Vec<_> = all.enumerate().filter(|(number, _)| matching.contains(number)).collect();
    found.sort_by_key(|(number, (_, section))| (!has_all(section.title, &wanted), *number));
    let found = found.into_iter().take(MOST_RESULTS);
    found
        .map(|(_, (page, section))| Found { page, section, excerpt: excerpt(page, section, &wanted) })
        .collect()
}

fn sections_with(prefix: &str) -> BTreeSet<usize> {
    let lines = WORDS.lines().filter(|line| line.starts_with(prefix));
    lines.flat_map(|line| line.split(' ').skip(1)).filter_map(|number| number.parse().ok()).collect()
}

fn has_all(title: &str, wanted: &[String]) -> bool {
    let words = text::words(title);
    wanted.iter().all(|wanted| words.iter().any(|word| word.starts_with(wanted)))
}

fn excerpt(page: &Page, section: &Section, wanted: &[String]) -> String {
    let html = page.article.get(section.start..section.end).unwrap_or_default();
    let body = html.split_once("</h").and_then(|(_, rest)| rest.split_once('>')).map_or("", |(_, rest)| rest);
    let plain = text::plain(body).split_whitespace().collect::<Vec<_>>().join(" ");
    let lower = plain.to_lowercase();
    let at = wanted.iter().find_map(|word| lower.find(word.as_str())).unwrap_or(0);
    // Counted in characters, since lower case may be longer or shorter in bytes.
    let at = lower.get(..at).map_or(0, |before| before.chars().count());
    let skipped = at.saturating_sub(AROUND);
    let mut out: String = plain.chars().skip(skipped).take(2 * AROUND).collect();
    if skipped > 0 {
        out.insert(0, '…');
    }
    if skipped + 2 * AROUND < plain.chars().count() {
        out.push('…');
    }
    out
}
