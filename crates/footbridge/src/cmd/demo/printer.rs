//! The output of the demo: eighty columns with arrows and times, and colours on a terminal.

use std::{
    io::{self, IsTerminal as _, Write as _},
    time::Duration,
};

use serde_json::Value;

use super::received::{Received, RequestKind};
use crate::{config::env::Env, table::cut};

/// Most columns of a line: the default width of a terminal.
pub(super) const WIDTH: usize = 80;

/// Columns of sender and receiver, such as `Footbridge ──▶ superapp`.
const ENDS: usize = 25;

/// Prints on standard output.
#[derive(Debug)]
pub(super) struct Printer {
    out: io::Stdout,
    colours: bool,
}

/// The style of a text, as SGR parameter.
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

impl Printer {
    /// Returns a printer with colours if the output is a terminal that supports them and `NO_COLOR` is not set.
    pub(super) fn of_terminal(env: &Env) -> Self {
        let unwanted = env.get("NO_COLOR").is_some_and(|value| !value.is_empty());
        let unable = env.get("TERM").is_some_and(|term| term == "dumb");
        let out = io::stdout();
        Self { colours: out.is_terminal() && !unwanted && !unable, out }
    }

    pub(super) fn paint(&self, paint: Paint, text: &str) -> String {
        if self.colours { format!("\x1b[{}m{text}\x1b[0m", paint.code()) } else { text.to_owned() }
    }

    /// Prints a line without changes.
    pub(super) fn line(&self, text: &str) {
        // A reader that has gone, such as `head`, does not end the checks of the demo.
        let mut out = self.out.lock();
        let _ = writeln!(out, "{text}").and_then(|()| out.flush());
    }

    /// Prints a paragraph and an empty line.
    pub(super) fn paragraph(&self, text: &str) {
        for line in wrap(text, WIDTH) {
            self.line(&line);
        }
        self.line("");
    }

    /// Prints the heading of a step.
    pub(super) fn heading(&self, text: &str) {
        self.line(&self.paint(Paint::Bold, text));
    }

    /// Prints one hop of an event: time, sender, receiver and content.
    pub(super) fn hop(&self, after: Duration, from: &str, to: &str, text: &str) {
        let ends = pad(&format!("{from} ──▶ {to}"), ENDS);
        let left = WIDTH - 12 - ENDS;
        let when = self.paint(Paint::Dim, &format!("{:>8}", span(after)));
        self.line(&format!("{when}  {ends}  {}", cut(text, left)));
    }

    /// Prints the body of the hop before.
    pub(super) fn more(&self, text: &str) {
        self.line(&format!("{:10}{}", "", self.paint(Paint::Dim, &cut(text, WIDTH - 10))));
    }

    /// Prints the result of a step and an empty line.
    pub(super) fn success(&self, text: &str) {
        let lines = wrap(text, WIDTH - 12);
        for (place, line) in lines.iter().enumerate() {
            let mark = if place == 0 { "✓" } else { " " };
            self.line(&format!("{:10}{}", "", self.paint(Paint::Green, &format!("{mark} {line}"))));
        }
        self.line("");
    }

    /// Prints a request that a sample app got after the steps.
    pub(super) fn received(&self, request: &Received) {
        let what = match &request.what {
            RequestKind::Exchange { event_type } => format!("exchange {event_type}"),
            RequestKind::Event { name, attempt } => format!("event {name}, attempt {attempt}"),
        };
        let end = self.paint(Paint::Bold, &format!("──▶ {}", request.app));
        self.line(&format!("{end}  {}", cut(&what, WIDTH - 16)));
        if let Some(content) = request.content() {
            self.line(&format!("    {}", cut(&content.to_string(), WIDTH - 4)));
        }
        let answered = match &request.distrust {
            Some(why) => self.paint(Paint::Yellow, &cut(&format!("refused: {why}"), WIDTH - 4)),
            None => self.paint(Paint::Dim, &answer(request, WIDTH - 4)),
        };
        self.line(&format!("    {answered}"));
    }

    /// Prints the last line after Ctrl-C.
    pub(super) fn ending(&self) {
        self.line("\nEnding; the temporary database is removed.");
    }
}

/// Returns the answer of a sample app, such as `answered 200 {"ok":true}`.
fn answer(request: &Received, width: usize) -> String {
    let Some(status) = request.status else { return "closed the connection without an answer".to_owned() };
    let body = if request.answer == Value::Object(serde_json::Map::new()) {
        String::new()
    } else {
        format!(" {}", request.answer)
    };
    cut(&format!("answered {status}{body}"), width)
}

/// Returns a duration as text, such as `4 ms` or `1.0 s`.
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

/// Breaks a text between words into lines of at most `width` characters.
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
    fn durations_are_short() {
        for (millis, text) in [(0, "0 ms"), (999, "999 ms"), (1049, "1.0 s"), (12_345, "12.3 s")] {
            assert_eq!(span(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn colours_are_only_for_terminals() {
        let printer = |colours| Printer { out: io::stdout(), colours };
        assert_eq!(printer(false).paint(Paint::Green, "x"), "x");
        assert_eq!(printer(true).paint(Paint::Green, "x"), "\x1b[32mx\x1b[0m");
    }
}
