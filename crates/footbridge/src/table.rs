//! Text for people: columns that line up, and one thing's members below each other.

use std::fmt::{self, Write as _};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, Visitor},
};
use serde_json::{Value, value::RawValue};

/// Widest cell before it is cut, in characters. Ids and names are shorter; error texts may be longer.
const WIDEST: usize = 64;

/// A table with a heading.
#[derive(Debug)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings and no rows.
    pub fn new<const N: usize>(headings: [&str; N]) -> Self {
        Self { rows: vec![headings.map(str::to_owned).to_vec()] }
    }

    /// Adds a row.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into_iter().map(|cell| cut(&plain(&cell))).collect());
    }

    /// Whether it has headings only.
    pub fn is_empty(&self) -> bool {
        self.rows.len() <= 1
    }

    /// The table, or `instead` when it has no rows.
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

/// The members of a JSON object, one a line: those of `first` in that order, then the others, then its warnings.
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

/// The members of what the server says, one a line, in the order in which it says them.
pub fn lines(object: &impl Serialize) -> String {
    // What was read from JSON can be written as JSON.
    let text = serde_json::to_string(object).unwrap_or_default();
    let Members(members) = serde_json::from_str(&text).unwrap_or_default();
    let (warned, members): (Vec<_>, Vec<_>) = members.into_iter().partition(|(name, _)| name == WARNINGS);
    let shown: Vec<(&str, String)> =
        members.iter().map(|(name, value)| (name.as_str(), plain(&show_raw(value)))).collect();
    let list = warned.first().and_then(|(_, list)| serde_json::from_str::<Value>(list.get()).ok());
    aligned(&shown) + &warnings(list.as_ref())
}

/// An object's members in their order.
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

/// JSON in one line, text without its quotes. What an app wrote need not be JSON that can be read.
pub fn show_raw(raw: &RawValue) -> String {
    // JSON has line ends only between its parts.
    serde_json::from_str(raw.get())
        .map_or_else(|_| raw.get().replace(['\n', '\r', '\t'], " "), |value: Value| show(&value))
}

fn aligned(lines: &[(&str, String)]) -> String {
    let width = lines.iter().map(|(key, _)| key.chars().count()).max().unwrap_or_default();
    lines.iter().fold(String::new(), |mut text, (key, value)| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{:width$}  {value}", plain(key));
        text
    })
}

/// The member of an answer that holds its warnings.
const WARNINGS: &str = "warnings";

/// The warnings of an answer, each below a blank line.
pub fn warnings(list: Option<&Value>) -> String {
    let texts = list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    texts.map(|text| format!("\nwarning: {}\n", plain(text))).collect::<Vec<_>>().concat()
}

/// Text as a cell: `-` when there is none.
pub fn or_dash(text: Option<impl ToString>) -> String {
    text.map_or_else(|| "-".to_owned(), |text| text.to_string())
}

/// A yes or no.
pub fn yes_no(flag: bool) -> String {
    if flag { "yes" } else { "no" }.to_owned()
}

/// The member as text, `-` when it is absent or null.
pub fn cell(object: &Value, key: &str) -> String {
    object.get(key).map_or_else(|| "-".to_owned(), show)
}

/// The first of these members that is there and not null, as text.
pub fn first_cell(object: &Value, keys: &[&str]) -> String {
    keys.iter().map(|key| cell(object, key)).find(|text| text != "-").unwrap_or_else(|| "-".to_owned())
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

/// What senders and receivers wrote must not steer the terminal it is shown on.
pub fn plain(text: &str) -> String {
    text.chars().map(|letter| if steers(letter) { '\u{fffd}' } else { letter }).collect()
}

/// The same for text of several lines.
pub fn plain_lines(text: &str) -> String {
    text.chars().map(|letter| if letter != '\n' && steers(letter) { '\u{fffd}' } else { letter }).collect()
}

/// Whether a character does something to a terminal instead of being shown: control characters, line and paragraph
/// separators, and those that turn the direction of the text around them.
pub fn steers(letter: char) -> bool {
    let turns = matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || matches!(letter, '\u{2028}' | '\u{2029}') || letter.is_control()
}

fn cut(text: &str) -> String {
    if text.chars().count() <= WIDEST {
        return text.to_owned();
    }
    text.chars().take(WIDEST - 1).chain(['…']).collect()
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
    fn lines_keep_their_order_and_what_cannot_be_read() {
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
    fn members_stand_below_each_other() {
        let object = json!({"a": null, "name": "x\ny", "flag": true, "list": [1]});
        assert_eq!(members(&object, &["name", "none"]), "name  x\u{fffd}y\na     -\nflag  yes\nlist  [1]\n");
        let warned = json!({"name": "x", "warnings": ["a\u{7}", "b"]});
        assert_eq!(members(&warned, &[]), "name  x\n\nwarning: a\u{fffd}\n\nwarning: b\n");
        let steering = json!({"name": "ab\u{202e}cd\u{2066}\u{2069}\u{200f}\u{2028}é\u{5d0}"});
        let shown = "name  ab\u{fffd}cd\u{fffd}\u{fffd}\u{fffd}\u{fffd}é\u{5d0}\n";
        assert_eq!(members(&steering, &[]), shown);
        assert_eq!(plain_lines("a\n\u{1b}b"), "a\n\u{fffd}b");
        assert_eq!(first_cell(&object, &["a", "missing", "flag"]), "yes");
    }
}
