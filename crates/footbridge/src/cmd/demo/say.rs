//! How the story is told: eighty columns, arrows, times; colours only where they help.

use std::{
    io::{self, IsTerminal as _, Write as _},
    time::Duration,
};

use serde_json::Value;

use super::seen::{Seen, What};
use crate::config::env::Env;

/// Columns of a line at most: what a terminal has that nobody has touched.
pub(super) const WIDTH: usize = 80;

/// Columns of a way, such as `Footbridge ──▶ superapp`.
const WAY: usize = 25;

/// Speaks on standard output.
#[derive(Debug)]
pub(super) struct Voice {
    out: io::Stdout,
    colours: bool,
}

/// What a text is painted with: SGR parameters.
#[derive(Debug, Clone, Copy)]
pub(super) enum Paint {
    Bold,
    Dim,
    Green,
    Yellow,
}

impl Paint {
    const fn code(self) -> &'static str {
        match self {
            Self::Bold => "1",
            Self::Dim => "2",
            Self::Green => "32",
            Self::Yellow => "33",
        }
    }
}

impl Voice {
    /// Colours on a terminal, unless `NO_COLOR` says no or the terminal is known to have none.
    pub(super) fn of_terminal(env: &Env) -> Self {
        let unwanted = env.get("NO_COLOR").is_some_and(|value| !value.is_empty());
        let unable = env.get("TERM").is_some_and(|term| term == "dumb");
        let out = io::stdout();
        Self { colours: out.is_terminal() && !unwanted && !unable, out }
    }

    pub(super) fn paint(&self, paint: Paint, text: &str) -> String {
        if self.colours { format!("\x1b[{}m{text}\x1b[0m", paint.code()) } else { text.to_owned() }
    }

    /// A line as it is.
    pub(super) fn line(&self, text: &str) {
        // A reader that has gone, such as `head`, does not end the demo's checks.
        let mut out = self.out.lock();
        let _ = writeln!(out, "{text}").and_then(|()| out.flush());
    }

    /// A paragraph, and an empty line behind it.
    pub(super) fn paragraph(&self, text: &str) {
        for line in wrap(text, WIDTH) {
            self.line(&line);
        }
        self.line("");
    }

    /// The headline of a step.
    pub(super) fn headline(&self, text: &str) {
        self.line(&self.paint(Paint::Bold, text));
    }

    /// One thing that went one way: when, from whom to whom, what.
    pub(super) fn went(&self, after: Duration, from: &str, to: &str, text: &str) {
        let way = pad(&format!("{from} ──▶ {to}"), WAY);
        let left = WIDTH - 12 - WAY;
        let when = self.paint(Paint::Dim, &format!("{:>8}", span(after)));
        self.line(&format!("{when}  {way}  {}", cut(text, left)));
    }

    /// What the way before carried, below it.
    pub(super) fn more(&self, text: &str) {
        self.line(&format!("{:10}{}", "", self.paint(Paint::Dim, &cut(text, WIDTH - 10))));
    }

    /// The moral of a step.
    pub(super) fn good(&self, text: &str) {
        let lines = wrap(text, WIDTH - 12);
        for (place, line) in lines.iter().enumerate() {
            let mark = if place == 0 { "✓" } else { " " };
            self.line(&format!("{:10}{}", "", self.paint(Paint::Green, &format!("{mark} {line}"))));
        }
        self.line("");
    }

    /// What a sample app got because of something the user did.
    pub(super) fn heard(&self, seen: &Seen) {
        let what = match &seen.what {
            What::Exchange { event_type } => format!("exchange {event_type}"),
            What::Event { name, attempt } => format!("event {name}, attempt {attempt}"),
        };
        let way = self.paint(Paint::Bold, &format!("──▶ {}", seen.app));
        self.line(&format!("{way}  {}", cut(&what, WIDTH - 16)));
        if let Some(content) = seen.content() {
            self.line(&format!("    {}", cut(&content.to_string(), WIDTH - 4)));
        }
        let answered = match &seen.distrust {
            Some(why) => self.paint(Paint::Yellow, &cut(&format!("not believed: {why}"), WIDTH - 4)),
            None => self.paint(Paint::Dim, &answer(seen, WIDTH - 4)),
        };
        self.line(&format!("    {answered}"));
    }

    /// The last words after Ctrl-C.
    pub(super) fn ending(&self) {
        self.line("\nEnding; the throw-away database goes with it.");
    }
}

/// `answered 200 {"ok":true}`
fn answer(seen: &Seen, width: usize) -> String {
    let Some(status) = seen.status else { return "hung up without an answer".to_owned() };
    let body = if seen.answer == Value::Object(serde_json::Map::new()) {
        String::new()
    } else {
        format!(" {}", seen.answer)
    };
    cut(&format!("answered {status}{body}"), width)
}

/// `4 ms`, `1.0 s`
pub(super) fn span(time: Duration) -> String {
    let millis = time.as_millis();
    if millis < 1000 {
        format!("{millis} ms")
    } else {
        format!("{}.{} s", millis / 1000, millis % 1000 / 100)
    }
}

fn pad(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.chars().count());
    format!("{text}{:missing$}", "")
}

/// At most `width` characters, the last one `…` when there were more.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// Lines of at most `width` characters, broken between words.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let Some(line) = lines.last_mut() else { break };
        let blank = usize::from(!line.is_empty());
        if line.chars().count() + blank + word.chars().count() > width && blank == 1 {
            lines.push(word.to_owned());
        } else {
            line.push_str(&" ".repeat(blank));
            line.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words_and_cut_with_a_mark() {
        assert_eq!(wrap("one two  three\nfour", 9), ["one two", "three", "four"]);
        assert_eq!(wrap("unbreakable", 4), ["unbreakable"]);
        assert_eq!((cut("äöüß", 4), cut("äöüßx", 4)), ("äöüß".to_owned(), "äöü…".to_owned()));
        assert_eq!(pad("──▶", 5), "──▶  ");
    }

    #[test]
    fn times_are_short() {
        for (millis, text) in [(0, "0 ms"), (999, "999 ms"), (1049, "1.0 s"), (12_345, "12.3 s")] {
            assert_eq!(span(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn colours_are_only_for_those_who_see_them() {
        let voice = |colours| Voice { out: io::stdout(), colours };
        assert_eq!(voice(false).paint(Paint::Green, "x"), "x");
        assert_eq!(voice(true).paint(Paint::Green, "x"), "\x1b[32mx\x1b[0m");
    }
}
