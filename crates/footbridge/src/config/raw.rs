//! What was written: the tree of a TOML file with the line of every key, and nothing about meaning.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use super::error::{Origin, Problem};

/// A written value and where it stands.
#[derive(Debug, Clone)]
pub struct Item {
    /// What was written.
    pub value: Value,
    /// Where.
    pub origin: Origin,
}

/// A written value.
#[derive(Debug, Clone)]
pub enum Value {
    /// A string, or a word from the environment or the command line.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// `true` or `false`.
    Flag(bool),
    /// An array.
    List(Vec<Item>),
    /// A table, inline or not.
    Table(Table),
    /// A kind of value that no key takes, by its TOML name.
    Other(&'static str),
}

impl Value {
    /// The kind of value, for messages.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Whole(_) => "a whole number",
            Self::Flag(_) => "true or false",
            Self::List(_) => "an array",
            Self::Table(_) => "a table",
            Self::Other(kind) => kind,
        }
    }
}

/// Keys and what was written for them.
pub type Table = BTreeMap<String, Item>;

/// Reads TOML.
///
/// # Errors
/// The first place where the text is not TOML.
pub fn parse(text: &str) -> Result<Table, Problem> {
    let lines = Lines::of(text);
    let document = DeTable::parse(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        Problem {
            origin: lines.at(offset),
            key: lines.key_at(text, offset),
            message: error.message().to_owned(),
        }
    })?;
    Ok(table(document.get_ref(), &lines))
}

fn table(written: &DeTable<'_>, lines: &Lines) -> Table {
    let item = |value: &DeValue<'_>, start| Item { value: convert(value, lines), origin: lines.at(start) };
    written
        .iter()
        .map(|(key, value)| (key.get_ref().to_string(), item(value.get_ref(), key.span().start)))
        .collect()
}

fn convert(value: &DeValue<'_>, lines: &Lines) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or(Value::Other("a whole number beyond 64 bits"), Value::Whole),
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Float(_) => Value::Other("a fraction"),
        DeValue::Datetime(_) => Value::Other("a date"),
        DeValue::Array(items) => Value::List(
            items
                .iter()
                .map(|item| Item {
                    value: convert(item.get_ref(), lines),
                    origin: lines.at(item.span().start),
                })
                .collect(),
        ),
        DeValue::Table(inner) => Value::Table(table(inner, lines)),
    }
}

/// Offsets at which lines begin.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self(std::iter::once(0).chain(breaks).collect())
    }

    fn at(&self, offset: usize) -> Origin {
        Origin::Line(self.0.partition_point(|start| *start <= offset))
    }

    /// The key that stands left of the `=` on the line of a syntax error, if one does.
    fn key_at(&self, text: &str, offset: usize) -> String {
        let number = self.0.partition_point(|start| *start <= offset);
        let line = text.lines().nth(number.saturating_sub(1)).unwrap_or_default();
        let key = line.split_once('=').map_or("", |(key, _)| key.trim());
        let plain = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        if plain { key.to_owned() } else { String::new() }
    }
}
