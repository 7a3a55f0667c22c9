//! Reading one object of a `package.json`: a member becomes a typed value, or an error that names it.

use footbridge_model::package::ManifestError;
use footbridge_model::words;
use serde_json::{Map, Value};

/// `Could not retrieve package.json from local repository`: whatever is wrong with it that has no code
/// of its own.
pub(super) const UNREADABLE: u16 = 418;

/// One object, or the absence of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Members<'a> {
    file: &'a str,
    /// What it is called: `bolt.hooks`; empty for the whole file.
    at: &'a str,
    map: Option<&'a Map<String, Value>>,
}

impl<'a> Members<'a> {
    pub(super) const fn new(file: &'a str, at: &'a str, map: Option<&'a Map<String, Value>>) -> Self {
        Self { file, at, map }
    }

    /// What a member is called from the top of the file.
    pub(super) fn name(&self, member: &str) -> String {
        let plain = member.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$'));
        match (self.at, plain) {
            ("", _) => member.to_owned(),
            (at, true) => format!("{at}.{member}"),
            (at, false) => format!("{at}[{member:?}]"),
        }
    }

    /// An error about a member.
    pub(super) fn error(&self, member: &str, why: impl AsRef<str>) -> ManifestError {
        self.coded(UNREADABLE, member, why)
    }

    /// An error about a member that has a code of its own.
    pub(super) fn coded(&self, code: u16, member: &str, why: impl AsRef<str>) -> ManifestError {
        ManifestError { code, why: format!("{}: `{}` {}", self.file, self.name(member), why.as_ref()) }
    }

    /// A member that is there and not `null`.
    pub(super) fn value(&self, member: &str) -> Option<&'a Value> {
        self.map?.get(member).filter(|value| !value.is_null())
    }

    /// Whether a member is there.
    pub(super) fn has(&self, member: &str) -> bool {
        self.value(member).is_some()
    }

    /// Every member.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'a str, &'a Value)> + use<'a> {
        self.map.into_iter().flatten().map(|(name, value)| (name.as_str(), value))
    }

    /// A string.
    pub(super) fn text(&self, member: &str) -> Result<Option<&'a str>, ManifestError> {
        self.value(member)
            .map(|value| value.as_str().ok_or_else(|| self.kind(member, "a string", value)))
            .transpose()
    }

    /// `true` or `false`; absent is `false`.
    pub(super) fn flag(&self, member: &str) -> Result<bool, ManifestError> {
        let read = |value: &Value| value.as_bool().ok_or_else(|| self.kind(member, "true or false", value));
        self.value(member).map_or(Ok(false), read)
    }

    /// A whole number.
    pub(super) fn whole(&self, member: &str) -> Result<Option<i64>, ManifestError> {
        self.value(member).map(|value| value.as_i64().ok_or_else(|| self.no_whole(member, value))).transpose()
    }

    /// An object.
    pub(super) fn table(&self, member: &str) -> Result<Option<&'a Map<String, Value>>, ManifestError> {
        self.value(member)
            .map(|value| value.as_object().ok_or_else(|| self.kind(member, "an object", value)))
            .transpose()
    }

    /// An object, as members again; empty when absent. `at` is its whole name.
    pub(super) fn section(&self, member: &str, at: &'a str) -> Result<Members<'a>, ManifestError> {
        Ok(Members { file: self.file, at, map: self.table(member)? })
    }

    /// An object that was found.
    pub(super) fn inner(&self, at: &'a str, map: &'a Map<String, Value>) -> Members<'a> {
        Members { file: self.file, at, map: Some(map) }
    }

    /// A warning for each member that is none of `known`, nor of `others`, which are known to mean nothing here.
    pub(super) fn strangers(&self, known: &[&str], others: &[&str]) -> Vec<String> {
        let named = self.iter().map(|(name, _)| name);
        let strange = named.filter(|name| !known.contains(name) && !others.contains(name));
        strange
            .map(|name| format!("`{}` {}", words::shown(&self.name(name)), words::unknown(name, known)))
            .collect()
    }

    /// A warning for each member that may be a slip of one of `known`; the others are somebody else's.
    pub(super) fn slips(&self, known: &[&str]) -> Vec<String> {
        let strange = self.iter().map(|(name, _)| name).filter(|name| !known.contains(name));
        let meant = strange.filter_map(|name| Some((name, words::nearest(name, known)?)));
        meant
            .map(|(name, meant)| format!("`{}` is not read; did you mean `{meant}`?", words::shown(name)))
            .collect()
    }

    /// An array of strings.
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

    /// The error for a member of the wrong type.
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
