//! The values of a TOML file as they were written, with their lines.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use super::{
    error::{Origin, Problem},
    syntax,
};

/// A written value with its place.
#[derive(Debug, Clone)]
pub struct Item {
    /// The value as it was written.
    pub value: Value,
    /// The place of the value.
    pub origin: Origin,
}

/// A value of one of the kinds that keys may have.
#[derive(Debug, Clone)]
pub enum Value {
    /// A string, or a value from the environment or the command line.
    Text(String),
    /// A whole number of 64 bits.
    Integer(i64),
    /// The words `true` and `false`.
    Boolean(bool),
    /// An array of values.
    List(Vec<Item>),
    /// A table, inline or with a header.
    Table(RawTable),
    /// A kind of value that no key accepts, by its name for messages.
    Other(&'static str),
}

impl Value {
    /// Returns the kind of the value for messages.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Integer(_) => "a whole number",
            Self::Boolean(_) => "true or false",
            Self::List(_) => "an array",
            Self::Table(_) => "a table",
            Self::Other(kind) => kind,
        }
    }
}

/// Keys and their values.
pub type RawTable = BTreeMap<String, Item>;

/// Parses a TOML file.
///
/// # Errors
/// A message about the first place where the text is not TOML.
pub fn parse(text: &str) -> Result<RawTable, Problem> {
    let lines = Lines::of(text);
    let document = DeTable::parse(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        let line = lines.text_at(text, offset);
        Problem {
            origin: lines.at(offset),
            key: syntax::key_of(line).to_owned(),
            message: syntax::explain(line).unwrap_or_else(|| error.message().to_owned()),
        }
    })?;
    Ok(table(document.get_ref(), &lines))
}

fn table(written: &DeTable<'_>, lines: &Lines) -> RawTable {
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
            .map_or(Value::Other("a whole number beyond 64 bits"), Value::Integer),
        DeValue::Boolean(flag) => Value::Boolean(*flag),
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

/// The offsets at which the lines of a text begin.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self(std::iter::once(0).chain(breaks).collect())
    }

    fn at(&self, offset: usize) -> Origin {
        Origin::Line(self.0.partition_point(|start| *start <= offset))
    }

    /// Returns the line that contains an offset.
    fn text_at<'a>(&self, text: &'a str, offset: usize) -> &'a str {
        let number = self.0.partition_point(|start| *start <= offset);
        text.lines().nth(number.saturating_sub(1)).unwrap_or_default()
    }
}
