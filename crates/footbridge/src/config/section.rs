//! Reading one table: a key becomes a typed value, or a problem that names file, line and key.

use std::{
    cell::RefCell,
    collections::BTreeSet,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

use footbridge_model::secret::Secret;

use super::{
    error::{Origin, Problem},
    keys,
    raw::{Item, Table, Value},
    secret::{SecretSource, WrittenIn},
};

/// As many hints as anyone reads.
const MOST_HINTS: usize = 50;

/// What a whole reading shares: where secrets come from, and what was found wrong so far.
#[derive(Debug)]
pub struct Reading<'a> {
    secrets: SecretSource<'a>,
    problems: RefCell<Vec<Problem>>,
    warnings: RefCell<Vec<Problem>>,
    hints: RefCell<Vec<Problem>>,
    written_in: RefCell<BTreeSet<WrittenIn>>,
}

/// What reading the sources came to, each in the order of the file.
#[derive(Debug)]
pub struct Findings {
    /// What makes the configuration unusable.
    pub problems: Vec<Problem>,
    /// What the operator should know, but may have meant.
    pub warnings: Vec<Problem>,
    /// What the file alone cannot tell: a running server knows better, so only a check of the file says it.
    pub hints: Vec<Problem>,
}

impl<'a> Reading<'a> {
    /// A reading with nothing wrong yet.
    pub fn new(secrets: SecretSource<'a>) -> Self {
        let none = || RefCell::new(Vec::new());
        let written_in = RefCell::new(BTreeSet::new());
        Self { secrets, problems: none(), warnings: none(), hints: none(), written_in }
    }

    /// Where the secrets that were read are written down.
    pub fn written_in(&self) -> BTreeSet<WrittenIn> {
        self.written_in.borrow().clone()
    }

    /// What makes the configuration unusable.
    pub fn problem(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    /// What the operator should know, but may have meant.
    pub fn warn(&self, warning: Problem) {
        self.warnings.borrow_mut().push(warning);
    }

    /// What only a check of the file tells.
    pub fn hint(&self, hint: Problem) {
        let mut hints = self.hints.borrow_mut();
        if hints.len() < MOST_HINTS {
            hints.push(hint);
        }
    }

    /// Everything that was found.
    pub fn finish(self) -> Findings {
        let in_order = |mut list: Vec<Problem>| {
            list.sort_by_key(|problem| match problem.origin {
                Origin::Line(line) => line,
                _ => usize::MAX,
            });
            list
        };
        Findings {
            problems: in_order(self.problems.into_inner()),
            warnings: in_order(self.warnings.into_inner()),
            hints: in_order(self.hints.into_inner()),
        }
    }
}

/// One table of the file, or the absence of it.
#[derive(Debug)]
pub struct Section<'a> {
    reading: &'a Reading<'a>,
    table: Option<&'a Table>,
    origin: Origin,
    path: String,
}

impl<'a> Section<'a> {
    /// The top of the file.
    pub fn top(reading: &'a Reading<'a>, root: &'a Table) -> Self {
        let section = Self { reading, table: Some(root), origin: Origin::Default, path: String::new() };
        section.refuse_unknown(&keys::top_level());
        section
    }

    /// The table of that name, with its unknown keys refused.
    pub fn table(&self, name: &str) -> Self {
        let item = self.item(name);
        let mut section =
            Self { reading: self.reading, table: None, origin: Origin::Default, path: self.path_of(name) };
        if let Some(item) = item {
            section.origin = item.origin.clone();
            match &item.value {
                Value::Table(table) => section.table = Some(table),
                other => self.problem(name, format!("must be a table, not {}", other.kind())),
            }
        }
        section.refuse_unknown(keys::of(name));
        section
    }

    /// An inline table as a value of `key`.
    pub fn inner(&self, key: &str, known: &[&str]) -> Option<Self> {
        self.inner_any(key).inspect(|section| section.refuse_unknown(known))
    }

    /// The same where every key is allowed.
    pub fn inner_any(&self, key: &str) -> Option<Self> {
        let item = self.item(key)?;
        let Value::Table(table) = &item.value else {
            self.problem(key, format!("must be a table, not {}", item.value.kind()));
            return None;
        };
        Some(Self {
            reading: self.reading,
            table: Some(table),
            origin: item.origin.clone(),
            path: self.path_of(key),
        })
    }

    /// The tables of `[[name]]`, each called by the text of its `label` key or its place from 1.
    pub fn array(&self, name: &str, label: impl Fn(&Table) -> Option<String>, known: &[&str]) -> Vec<Self> {
        let Some(item) = self.item(name) else { return Vec::new() };
        let Value::List(items) = &item.value else {
            self.problem(name, format!("is written as [[{name}]], not as {}", item.value.kind()));
            return Vec::new();
        };
        let mut sections = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let Value::Table(table) = &item.value else {
                self.reading.problem(Problem {
                    origin: item.origin.clone(),
                    key: self.path_of(name),
                    message: format!("must be a table, not {}", item.value.kind()),
                });
                continue;
            };
            let called = label(table).unwrap_or_else(|| (index + 1).to_string());
            let path = format!("{}[{called}]", self.path_of(name));
            let section =
                Self { reading: self.reading, table: Some(table), origin: item.origin.clone(), path };
            section.refuse_unknown(known);
            sections.push(section);
        }
        sections
    }

    /// The keys that were written.
    pub fn keys(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.table.into_iter().flat_map(|table| table.keys().map(String::as_str))
    }

    /// Whether the key was written.
    pub fn has(&self, key: &str) -> bool {
        self.item(key).is_some()
    }

    /// What was written for the key.
    pub fn item(&self, key: &str) -> Option<&'a Item> {
        self.table.and_then(|table| table.get(key))
    }

    /// A value written as text, or `default`.
    pub fn parse<T>(&self, key: &str, default: T, parse: impl Fn(&str) -> Result<T, String>) -> T {
        self.parse_if_set(key, parse).unwrap_or(default)
    }

    /// A value written as text, or none.
    pub fn parse_if_set<T>(&self, key: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let item = self.item(key)?;
        let parsed = match &item.value {
            Value::Text(text) => parse(text),
            // A bare number gets the parser's own words on which unit is missing, or is a size in bytes.
            Value::Whole(number) => parse(&number.to_string()),
            other => Err(format!("must be a string, not {}", other.kind())),
        };
        self.keep(key, parsed)
    }

    /// A file; a relative path starts from the directory of the configuration file.
    pub fn file(&self, key: &str, check: impl Fn(&Path) -> Result<(), String>) -> Option<PathBuf> {
        self.parse_if_set(key, |text| {
            let path = self.reading.secrets.base.join(text);
            check(&path).map(|()| path)
        })
    }

    /// `true` or `false`.
    pub fn flag(&self, key: &str, default: bool) -> bool {
        let read = |item: &Item| match &item.value {
            Value::Flag(flag) => Ok(*flag),
            Value::Text(text) if written_as_word(item) => {
                text.parse().map_err(|_| format!("{text:?} is neither true nor false"))
            }
            other => Err(format!("must be true or false, not {}", other.kind())),
        };
        self.item(key).and_then(|item| self.keep(key, read(item))).unwrap_or(default)
    }

    /// A whole number within bounds, or none.
    pub fn whole(&self, key: &str, bounds: &RangeInclusive<u64>) -> Option<u64> {
        let item = self.item(key)?;
        let number = match &item.value {
            Value::Whole(number) => u64::try_from(*number).ok(),
            Value::Text(text) if written_as_word(item) => text.parse().ok(),
            other => return self.keep(key, Err(format!("must be a whole number, not {}", other.kind()))),
        };
        let fitting = number.filter(|number| bounds.contains(number));
        self.keep(
            key,
            fitting
                .ok_or_else(|| format!("must be a whole number from {} to {}", bounds.start(), bounds.end())),
        )
    }

    /// A list of values written as text; from the environment, words with commas between them.
    pub fn list<T>(&self, key: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<Vec<T>> {
        let item = self.item(key)?;
        let items = match &item.value {
            Value::List(items) => items.clone(),
            Value::Text(text) if written_as_word(item) => words(text, &item.origin),
            other => return self.keep(key, Err(format!("must be a list of strings, not {}", other.kind()))),
        };
        let read = |item: &Item| match &item.value {
            Value::Text(text) => parse(text),
            other => Err(format!("must be a list of strings, but holds {}", other.kind())),
        };
        let mut values = Vec::with_capacity(items.len());
        for item in &items {
            match read(item) {
                Ok(value) => values.push(value),
                Err(message) => {
                    self.reading.problem(Problem {
                        origin: item.origin.clone(),
                        key: self.path_of(key),
                        message,
                    });
                }
            }
        }
        Some(values)
    }

    /// A secret: literal, `env:NAME` or `file:PATH`. Problems never repeat what was written.
    pub fn secret(&self, key: &str, check: impl Fn(&str) -> Result<(), String>) -> Option<Secret> {
        let item = self.item(key)?;
        let found = match &item.value {
            Value::Text(text) => {
                if let (Origin::Line(_), Some(place)) = (&item.origin, self.reading.secrets.written_in(text))
                {
                    self.reading.written_in.borrow_mut().insert(place);
                }
                self.reading.secrets.find(text)
            }
            other => Err(format!("must be a string, not {}", other.kind())),
        };
        let checked = found.and_then(|secret| check(secret.expose()).map(|()| secret));
        self.keep(key, checked)
    }

    /// Something is wrong with this key.
    pub fn problem(&self, key: &str, message: impl Into<String>) {
        self.reading.problem(self.at(key, message.into()));
    }

    /// Something about this key should be known.
    pub fn warn(&self, key: &str, message: impl Into<String>) {
        self.reading.warn(self.at(key, message.into()));
    }

    /// Something about this key that a running server knows better.
    pub fn hint(&self, key: &str, message: impl Into<String>) {
        self.reading.hint(self.at(key, message.into()));
    }

    /// The key must be there.
    pub fn require(&self, key: &str) {
        if !self.has(key) {
            let message = "is missing".to_owned();
            self.reading.problem(Problem { origin: self.origin.clone(), key: self.path_of(key), message });
        }
    }

    fn keep<T>(&self, key: &str, result: Result<T, String>) -> Option<T> {
        result.map_err(|message| self.problem(key, message)).ok()
    }

    fn at(&self, key: &str, message: String) -> Problem {
        let origin = self.item(key).map_or_else(|| self.origin.clone(), |item| item.origin.clone());
        Problem { origin, key: self.path_of(key), message }
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn refuse_unknown(&self, known: &[&str]) {
        for key in self.keys().filter(|key| !known.contains(key)) {
            self.problem(key, keys::unknown(key, &self.path, known));
        }
    }
}

/// Whether the value comes from where everything is a word: the environment or the command line.
const fn written_as_word(item: &Item) -> bool {
    matches!(item.origin, Origin::Env(_) | Origin::Flag(_))
}

fn words(text: &str, origin: &Origin) -> Vec<Item> {
    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
    words.map(|word| Item { value: Value::Text(word.to_owned()), origin: origin.clone() }).collect()
}
