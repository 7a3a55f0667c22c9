//! Reads the members of one object of a `package.json` as typed values. Errors name the member.

use footbridge_model::package::{ManifestError, ManifestProblem};
use footbridge_model::words;
use serde_json::{Map, Value};

/// The members of one object. An absent object has no members.
#[derive(Debug, Clone, Copy)]
pub(super) struct Members<'a> {
    file: &'a str,
    /// The object's full name, such as `bolt.hooks`; empty for the top of the file.
    at: &'a str,
    map: Option<&'a Map<String, Value>>,
}

impl<'a> Members<'a> {
    pub(super) const fn new(file: &'a str, at: &'a str, map: Option<&'a Map<String, Value>>) -> Self {
        Self { file, at, map }
    }

    /// The full name of a member, from the top of the file.
    pub(super) fn name(&self, member: &str) -> String {
        let plain = member.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$'));
        match (self.at, plain) {
            ("", _) => member.to_owned(),
            (at, true) => format!("{at}.{member}"),
            (at, false) => format!("{at}[{member:?}]"),
        }
    }

    /// Returns an error about a member.
    pub(super) fn error(&self, member: &str, why: impl AsRef<str>) -> ManifestError {
        self.problem(ManifestProblem::BadPackage, member, why)
    }

    /// Returns an error about a member, with a specific problem.
    pub(super) fn problem(
        &self,
        problem: ManifestProblem,
        member: &str,
        why: impl AsRef<str>,
    ) -> ManifestError {
        ManifestError { problem, why: format!("{}: `{}` {}", self.file, self.name(member), why.as_ref()) }
    }

    /// Returns a member that is present and not `null`.
    pub(super) fn value(&self, member: &str) -> Option<&'a Value> {
        self.map?.get(member).filter(|value| !value.is_null())
    }

    /// Returns true if a member is present and not `null`.
    pub(super) fn has(&self, member: &str) -> bool {
        self.value(member).is_some()
    }

    /// Iterates over all members.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'a str, &'a Value)> + use<'a> {
        self.map.into_iter().flatten().map(|(name, value)| (name.as_str(), value))
    }

    /// Reads a string.
    pub(super) fn text(&self, member: &str) -> Result<Option<&'a str>, ManifestError> {
        self.value(member)
            .map(|value| value.as_str().ok_or_else(|| self.kind(member, "a string", value)))
            .transpose()
    }

    /// Reads `true` or `false`; absent is `false`.
    pub(super) fn flag(&self, member: &str) -> Result<bool, ManifestError> {
        let read = |value: &Value| value.as_bool().ok_or_else(|| self.kind(member, "true or false", value));
        self.value(member).map_or(Ok(false), read)
    }

    /// Reads a whole number.
    pub(super) fn whole(&self, member: &str) -> Result<Option<i64>, ManifestError> {
        self.value(member).map(|value| value.as_i64().ok_or_else(|| self.no_whole(member, value))).transpose()
    }

    /// Reads an object.
    pub(super) fn table(&self, member: &str) -> Result<Option<&'a Map<String, Value>>, ManifestError> {
        self.value(member)
            .map(|value| value.as_object().ok_or_else(|| self.kind(member, "an object", value)))
            .transpose()
    }

    /// Reads an object as its members; none if it is absent. `at` is its full name.
    pub(super) fn section(&self, member: &str, at: &'a str) -> Result<Members<'a>, ManifestError> {
        Ok(Members { file: self.file, at, map: self.table(member)? })
    }

    /// Wraps an object that was found at the full name `at`.
    pub(super) fn inner(&self, at: &'a str, map: &'a Map<String, Value>) -> Members<'a> {
        Members { file: self.file, at, map: Some(map) }
    }

    /// Returns a warning for each member that is neither in `known` nor in `others`, which are valid but have
    /// no effect here.
    pub(super) fn unknown_members(&self, known: &[&str], others: &[&str]) -> Vec<String> {
        let named = self.iter().map(|(name, _)| name);
        let strange = named.filter(|name| !known.contains(name) && !others.contains(name));
        strange
            .map(|name| format!("`{}` {}", words::shown(&self.name(name)), words::unknown(name, known)))
            .collect()
    }

    /// Returns a warning for each member that is probably a misspelling of one of `known`.
    pub(super) fn misspelled_members(&self, known: &[&str]) -> Vec<String> {
        let strange = self.iter().map(|(name, _)| name).filter(|name| !known.contains(name));
        let meant = strange.filter_map(|name| Some((name, words::nearest(name, known)?)));
        meant
            .map(|(name, meant)| format!("`{}` is not known; did you mean `{meant}`?", words::shown(name)))
            .collect()
    }

    /// Reads an array of strings.
    pub(super) fn texts(&self, member: &str) -> Result<Option<Vec<&'a str>>, ManifestError> {
        let Some(value) = self.value(member) else { return Ok(None) };
        let list = value.as_array().and_then(|list| list.iter().map(Value::as_str).collect());
        list.map(Some).ok_or_else(|| self.kind(member, "an array of strings", value))
    }

    fn no_whole(&self, member: &str, value: &Value) -> ManifestError {
        if value.is_number() {
            return self.error(member, format!("must be a whole number, not {value}"));
        }
        self.kind(member, "a whole number", value)
    }

    /// Returns the error for a member of the wrong type.
    pub(super) fn kind(&self, member: &str, wanted: &str, value: &Value) -> ManifestError {
        let found = match value {
            Value::Null => "null",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(list) if !list.iter().all(Value::is_string) => "an array with something else in it",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        };
        self.error(member, format!("must be {wanted}, not {found}"))
    }
}
