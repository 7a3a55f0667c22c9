//! A line of an app's output as text for people.

use footbridge_api::LogLine;

use crate::table::steers;

const DIM: &str = "\u{1b}[2m";
const RED: &str = "\u{1b}[31m";
const CYAN: &str = "\u{1b}[36m";
const PLAIN: &str = "\u{1b}[0m";

/// Returns time, stream and text, with a line break. A text by the server may have several lines: the later ones are
/// indented below the first, so that they cannot be taken for lines of the log.
pub(super) fn render(line: &LogLine, colours: bool) -> String {
    let (at, stream) = (plain(&line.at), plain(&line.stream));
    let below = format!("\n{:width$}", "", width = at.chars().count() + 10);
    let text = line.text.lines().map(plain).collect::<Vec<_>>().join(&below);
    if !colours {
        return format!("{at}  {stream:6}  {text}").trim_end().to_owned() + "\n";
    }
    let colour = match stream.as_str() {
        "err" => RED,
        "server" => CYAN,
        _ => DIM,
    };
    format!("{DIM}{at}{PLAIN}  {colour}{stream:6}{PLAIN}  {text}\n")
}

/// Makes an app's output harmless for the terminal: colour sequences are removed, other control characters are
/// replaced by `\u{fffd}`.
fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == '\u{1b}' && letters.next_if_eq(&'[').is_some() {
            // Parameters, up to the letter that names the function.
            while letters.next_if(|letter| matches!(letter, ' '..='?')).is_some() {}
            letters.next_if(|letter| matches!(letter, '@'..='~'));
        } else if steers(letter) && letter != '\t' {
            shown.push('\u{fffd}');
        } else {
            shown.push(letter);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(at: &str, stream: &str, text: &str) -> LogLine {
        LogLine { number: 1, at: at.to_owned(), stream: stream.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn an_app_cannot_steer_the_terminal() {
        assert_eq!(
            plain("a\u{1b}[1;31mred\u{202e}\u{1b}[0m\tb\u{1b}]0;title\u{7}\u{1b}["),
            "ared\u{fffd}\tb\u{fffd}]0;title\u{fffd}"
        );
        let line = line("2026-01-31T12:00:00.000Z", "err", "x\u{1b}[2J");
        assert_eq!(render(&line, false), "2026-01-31T12:00:00.000Z  err     x\n");
        let several = self::line("12:00", "server", "not started: a\n  at b\r\nc");
        let indent = " ".repeat(15);
        assert_eq!(
            render(&several, false),
            format!("12:00  server  not started: a\n{indent}  at b\n{indent}c\n")
        );
        assert_eq!(
            render(&line, true),
            "\u{1b}[2m2026-01-31T12:00:00.000Z\u{1b}[0m  \u{1b}[31merr   \u{1b}[0m  x\n"
        );
    }
}
