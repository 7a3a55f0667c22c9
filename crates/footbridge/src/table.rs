//! Text for people: tables with aligned columns, and the members of an object one per line.

use std::fmt::{self, Write as _};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, Visitor},
};
use serde_json::{Value, value::RawValue};

/// Most characters of a cell; a longer text is cut. Ids and names are shorter, error texts may be longer.
const WIDEST: usize = 64;

/// A table with a row of headings.
#[derive(Debug)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Makes a table with these headings and no rows.
    pub fn new<const N: usize>(headings: [&str; N]) -> Self {
        Self { rows: vec![headings.map(str::to_owned).to_vec()] }
    }

    /// Adds a row; texts that are too long are cut.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into_iter().map(|cell| cut(&plain(&cell), WIDEST)).collect());
    }

    /// Returns true if the table has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.len() <= 1
    }

    /// Returns the table as text, or `instead` if it has no rows.
    pub fn or(&self, instead: &str) -> String {
        if self.is_empty() { format!("{instead}\n") } else { self.render() }
    }

    fn render(&self) -> String {
        let mut widths: Vec<usize> = Vec::new();
        for row in &self.rows {
            widths.resize(widths.len().max(row.len()), 0);
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let mut text = String::new();
        for row in &self.rows {
            let cells: Vec<String> =
                row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
            text.push_str(cells.join("  ").trim_end());
            text.push('\n');
        }
        text
    }
}

/// Returns the members of a JSON object, one per line: those in `first` in that order, then the others, then the
/// warnings.
pub fn members(object: &Value, first: &[&str]) -> String {
    let Some(object) = object.as_object() else { return format!("{}\n", show(object)) };
    let leading = first.iter().filter_map(|key| Some((*key, object.get(*key)?)));
    let others = object
        .iter()
        .map(|(key, value)| (key.as_str(), value))
        .filter(|(key, _)| !first.contains(key) && *key != WARNINGS);
    let lines: Vec<(&str, String)> =
        leading.chain(others).map(|(key, value)| (key, plain(&show(value)))).collect();
    aligned(&lines) + &warnings(object.get(WARNINGS))
}

/// Returns the members of an answer, one per line, in the order of the type.
pub fn lines(object: &impl Serialize) -> String {
    // The object was read from JSON, so it can be written as JSON.
    let text = serde_json::to_string(object).unwrap_or_default();
    let Members(members) = serde_json::from_str(&text).unwrap_or_default();
    let (warned, members): (Vec<_>, Vec<_>) = members.into_iter().partition(|(name, _)| name == WARNINGS);
    let shown: Vec<(&str, String)> =
        members.iter().map(|(name, value)| (name.as_str(), plain(&show_raw(value)))).collect();
    let list = warned.first().and_then(|(_, list)| serde_json::from_str::<Value>(list.get()).ok());
    aligned(&shown) + &warnings(list.as_ref())
}

/// The members of a JSON object in their order.
#[derive(Default)]
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// Returns JSON in one line; a string loses its quotes. JSON that an app wrote may be invalid; it is returned as it is.
pub fn show_raw(raw: &RawValue) -> String {
    // JSON has line breaks only between its tokens.
    serde_json::from_str(raw.get())
        .map_or_else(|_| raw.get().replace(['\n', '\r', '\t'], " "), |value: Value| show(&value))
}

fn aligned(lines: &[(&str, String)]) -> String {
    let width = lines.iter().map(|(key, _)| key.chars().count()).max().unwrap_or_default();
    lines.iter().fold(String::new(), |mut text, (key, value)| {
        // Writing to a string never fails.
        let _ = writeln!(text, "{:width$}  {value}", plain(key));
        text
    })
}

/// The member of an answer with the warnings.
const WARNINGS: &str = "warnings";

fn warnings(list: Option<&Value>) -> String {
    warning_lines(list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str))
}

/// Returns the warnings of an answer as text, each below a blank line.
pub fn warning_lines<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    texts.map(|text| format!("\nwarning: {}\n", plain(text))).collect::<Vec<_>>().concat()
}

/// Returns a value as a cell; `-` for `None`.
pub fn or_dash(text: Option<impl ToString>) -> String {
    text.map_or_else(|| "-".to_owned(), |text| text.to_string())
}

/// Returns a count with its noun: `no hook`, `1 hook`, `3 hooks`.
pub fn counted(count: u64, one: &str, several: &str) -> String {
    match count {
        0 => format!("no {one}"),
        1 => format!("1 {one}"),
        count => format!("{count} {several}"),
    }
}

/// Returns a flag as a cell: `yes` or `no`.
pub fn yes_no(flag: bool) -> String {
    if flag { "yes" } else { "no" }.to_owned()
}

fn show(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        other => other.to_string(),
    }
}

/// Makes the text of a sender or receiver harmless for the terminal: control characters are replaced by `\u{fffd}`.
pub fn plain(text: &str) -> String {
    text.chars().map(|letter| if steers(letter) { '\u{fffd}' } else { letter }).collect()
}

/// The same as [`plain`], but line breaks stay.
pub fn plain_lines(text: &str) -> String {
    text.chars().map(|letter| if letter != '\n' && steers(letter) { '\u{fffd}' } else { letter }).collect()
}

/// Returns true if a terminal acts on the character instead of showing it: control characters, line and paragraph
/// separators, and characters that change the direction of text.
pub fn steers(letter: char) -> bool {
    let turns = matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || matches!(letter, '\u{2028}' | '\u{2029}') || letter.is_control()
}

/// Cuts a text to at most `width` characters; the last one is `…` if some were cut.
pub fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_line_up() {
        let mut table = Table::new(["NAME", "N"]);
        assert_eq!(table.or("none"), "none\n");
        table.row(["é".to_owned(), "1".to_owned()]);
        table.row(["longer".to_owned(), "\u{1b}[31m".to_owned()]);
        assert_eq!(table.or("none"), "NAME    N\né       1\nlonger  \u{fffd}[31m\n");
        let mut table = Table::new(["A"]);
        table.row(["x".repeat(100)]);
        assert_eq!(table.or("").lines().last().unwrap().chars().count(), WIDEST);
    }

    #[test]
    fn members_keep_their_order_and_invalid_json() {
        #[derive(Serialize)]
        struct Event {
            name: &'static str,
            flag: bool,
            body: Box<RawValue>,
            after: Option<u8>,
        }
        let body = RawValue::from_string("{\n\t\"n\":\"\\ud800\"}".to_owned()).unwrap();
        let event = Event { name: "x\ny", flag: true, body, after: None };
        assert_eq!(lines(&event), "name   x\u{fffd}y\nflag   yes\nbody   {  \"n\":\"\\ud800\"}\nafter  -\n");
    }

    #[test]
    fn members_are_listed_one_per_line() {
        let object = json!({"a": null, "name": "x\ny", "flag": true, "list": [1]});
        assert_eq!(members(&object, &["name", "none"]), "name  x\u{fffd}y\na     -\nflag  yes\nlist  [1]\n");
        let warned = json!({"name": "x", "warnings": ["a\u{7}", "b"]});
        assert_eq!(members(&warned, &[]), "name  x\n\nwarning: a\u{fffd}\n\nwarning: b\n");
        let steering = json!({"name": "ab\u{202e}cd\u{2066}\u{2069}\u{200f}\u{2028}é\u{5d0}"});
        let shown = "name  ab\u{fffd}cd\u{fffd}\u{fffd}\u{fffd}\u{fffd}é\u{5d0}\n";
        assert_eq!(members(&steering, &[]), shown);
        assert_eq!(plain_lines("a\n\u{1b}b"), "a\n\u{fffd}b");
    }
}
