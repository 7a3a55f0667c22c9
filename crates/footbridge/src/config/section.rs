//! Reads one table of the configuration. A key becomes a typed value, or a problem with file, line and key.

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
    raw::{Item, RawTable, Value},
    secret::{SecretPlace, SecretSource},
};

/// Most hints that are collected.
const MOST_HINTS: usize = 50;

/// State that is shared while a configuration is read: the sources of secrets, and the problems so far.
#[derive(Debug)]
pub struct Reading<'a> {
    secrets: SecretSource<'a>,
    problems: RefCell<Vec<Problem>>,
    warnings: RefCell<Vec<Problem>>,
    hints: RefCell<Vec<Problem>>,
    secret_places: RefCell<BTreeSet<SecretPlace>>,
}

/// All problems of a configuration, each list in the order of the file.
#[derive(Debug)]
pub struct Findings {
    /// Errors that make the configuration unusable.
    pub problems: Vec<Problem>,
    /// Valid values that may be a mistake.
    pub warnings: Vec<Problem>,
    /// Possible mistakes that a running server judges better. Only a check of the file shows them.
    pub hints: Vec<Problem>,
}

impl<'a> Reading<'a> {
    /// Starts to read a configuration.
    pub fn new(secrets: SecretSource<'a>) -> Self {
        let none = || RefCell::new(Vec::new());
        let secret_places = RefCell::new(BTreeSet::new());
        Self { secrets, problems: none(), warnings: none(), hints: none(), secret_places }
    }

    /// Returns the files that contain the secrets that were read.
    pub fn secret_places(&self) -> BTreeSet<SecretPlace> {
        self.secret_places.borrow().clone()
    }

    /// Adds a problem that makes the configuration unusable.
    pub fn problem(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    /// Adds a problem that may be a mistake.
    pub fn warn(&self, warning: Problem) {
        self.warnings.borrow_mut().push(warning);
    }

    /// Adds a hint, up to a limit.
    pub fn hint(&self, hint: Problem) {
        let mut hints = self.hints.borrow_mut();
        if hints.len() < MOST_HINTS {
            hints.push(hint);
        }
    }

    /// Ends the reading and returns all problems in the order of the file.
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

/// One table of the file; it may be absent.
#[derive(Debug)]
pub struct Section<'a> {
    reading: &'a Reading<'a>,
    table: Option<&'a RawTable>,
    origin: Origin,
    path: String,
}

impl<'a> Section<'a> {
    /// Returns the top of the file; reports its unknown keys.
    pub fn top(reading: &'a Reading<'a>, root: &'a RawTable) -> Self {
        let section = Self { reading, table: Some(root), origin: Origin::Default, path: String::new() };
        section.refuse_unknown(&keys::top_level());
        section
    }

    /// Returns the table of this name; reports its unknown keys.
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

    /// Returns the table that is the value of `key`; reports its unknown keys.
    pub fn subtable(&self, key: &str, known: &[&str]) -> Option<Self> {
        self.subtable_with_any_keys(key).inspect(|section| section.refuse_unknown(known))
    }

    /// The same as [`Self::subtable`] for a table in which every key is allowed.
    pub fn subtable_with_any_keys(&self, key: &str) -> Option<Self> {
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

    /// Returns the tables `[[name]]`. In messages each is named by its `label`, or by its number from 1.
    pub fn array(
        &self,
        name: &str,
        label: impl Fn(&RawTable) -> Option<String>,
        known: &[&str],
    ) -> Vec<Self> {
        let Some(item) = self.item(name) else { return Vec::new() };
        let Value::List(items) = &item.value else {
            self.problem(name, format!("must be written as [[{name}]], not as {}", item.value.kind()));
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

    /// Returns the keys that the table has.
    pub fn keys(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.table.into_iter().flat_map(|table| table.keys().map(String::as_str))
    }

    /// Returns true if the table has the key.
    pub fn has(&self, key: &str) -> bool {
        self.item(key).is_some()
    }

    /// Returns the written value of the key.
    pub fn item(&self, key: &str) -> Option<&'a Item> {
        self.table.and_then(|table| table.get(key))
    }

    /// Parses a value that is written as text; returns `default` if it is absent or wrong.
    pub fn parse<T>(&self, key: &str, default: T, parse: impl Fn(&str) -> Result<T, String>) -> T {
        self.parse_if_set(key, parse).unwrap_or(default)
    }

    /// Parses a value that is written as text; returns `None` if it is absent or wrong.
    pub fn parse_if_set<T>(&self, key: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let item = self.item(key)?;
        let parsed = match &item.value {
            Value::Text(text) => parse(text),
            // A number without quotes: it is a size in bytes, or the parser names the missing unit.
            Value::Integer(number) => parse(&number.to_string()),
            other => Err(format!("must be a string, not {}", other.kind())),
        };
        self.value_or_problem(key, parsed)
    }

    /// Returns the path of a file. A relative path starts from the directory of the configuration file.
    pub fn file(&self, key: &str, check: impl Fn(&Path) -> Result<(), String>) -> Option<PathBuf> {
        self.parse_if_set(key, |text| {
            let path = self.reading.secrets.base.join(text);
            check(&path).map(|()| path)
        })
    }

    /// Returns `true` or `false`, or `default` if the key is absent or wrong.
    pub fn boolean(&self, key: &str, default: bool) -> bool {
        let read = |item: &Item| match &item.value {
            Value::Boolean(flag) => Ok(*flag),
            Value::Text(text) if is_untyped(item) => {
                text.parse().map_err(|_| format!("{text:?} is not true or false"))
            }
            other => Err(format!("must be true or false, not {}", other.kind())),
        };
        self.item(key).and_then(|item| self.value_or_problem(key, read(item))).unwrap_or(default)
    }

    /// Returns a whole number within bounds, or `None` if the key is absent or wrong.
    pub fn integer(&self, key: &str, bounds: &RangeInclusive<u64>) -> Option<u64> {
        let item = self.item(key)?;
        let number = match &item.value {
            Value::Integer(number) => u64::try_from(*number).ok(),
            Value::Text(text) if is_untyped(item) => text.parse().ok(),
            other => {
                return self
                    .value_or_problem(key, Err(format!("must be a whole number, not {}", other.kind())));
            }
        };
        let fitting = number.filter(|number| bounds.contains(number));
        self.value_or_problem(
            key,
            fitting
                .ok_or_else(|| format!("must be a whole number from {} to {}", bounds.start(), bounds.end())),
        )
    }

    /// Returns a list of values that are written as text. In the environment, commas separate the values.
    pub fn list<T>(&self, key: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<Vec<T>> {
        let items = match self.entries(key)? {
            Ok(items) => items,
            Err(message) => return self.value_or_problem(key, Err(message)),
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

    /// Adds a warning for each text in a list for which `check` returns one.
    pub fn warn_entries(&self, key: &str, check: impl Fn(&str) -> Option<String>) {
        for item in self.entries(key).and_then(Result::ok).unwrap_or_default() {
            if let Value::Text(text) = &item.value
                && let Some(message) = check(text)
            {
                self.reading.warn(Problem { origin: item.origin, key: self.path_of(key), message });
            }
        }
    }

    fn entries(&self, key: &str) -> Option<Result<Vec<Item>, String>> {
        let item = self.item(key)?;
        Some(match &item.value {
            Value::List(items) => Ok(items.clone()),
            Value::Text(text) if is_untyped(item) => Ok(words(text, &item.origin)),
            other => Err(format!("must be a list of strings, not {}", other.kind())),
        })
    }

    /// Returns a secret: literal, `env:NAME` or `file:PATH`. Problems never repeat the written text.
    pub fn secret(&self, key: &str, check: impl Fn(&str) -> Result<(), String>) -> Option<Secret> {
        let item = self.item(key)?;
        let found = match &item.value {
            Value::Text(text) => {
                if let (Origin::Line(_), Some(place)) = (&item.origin, self.reading.secrets.place(text)) {
                    self.reading.secret_places.borrow_mut().insert(place);
                }
                self.reading.secrets.find(text)
            }
            other => Err(format!("must be a string, not {}", other.kind())),
        };
        let checked = found.and_then(|secret| check(secret.expose()).map(|()| secret));
        self.value_or_problem(key, checked)
    }

    /// Adds an error about a key.
    pub fn problem(&self, key: &str, message: impl Into<String>) {
        self.reading.problem(self.at(key, message.into()));
    }

    /// Adds a warning about a key.
    pub fn warn(&self, key: &str, message: impl Into<String>) {
        self.reading.warn(self.at(key, message.into()));
    }

    /// Adds a hint about a key.
    pub fn hint(&self, key: &str, message: impl Into<String>) {
        self.reading.hint(self.at(key, message.into()));
    }

    /// Adds an error if the key is absent.
    pub fn require(&self, key: &str) {
        if !self.has(key) {
            let message = "is missing".to_owned();
            self.reading.problem(Problem { origin: self.origin.clone(), key: self.path_of(key), message });
        }
    }

    fn value_or_problem<T>(&self, key: &str, result: Result<T, String>) -> Option<T> {
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

/// Returns true if the value comes from the environment or the command line, where every value is text.
const fn is_untyped(item: &Item) -> bool {
    matches!(item.origin, Origin::Env(_) | Origin::Flag(_))
}

fn words(text: &str, origin: &Origin) -> Vec<Item> {
    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
    words.map(|word| Item { value: Value::Text(word.to_owned()), origin: origin.clone() }).collect()
}
