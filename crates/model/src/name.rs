//! Names of apps and of events.

use serde::{Serialize, Serializer};
use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The reason why a text is not a valid name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// The app name does not match `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`.
    #[error(
        "an app name is 1 to 64 ASCII letters, digits, `.`, `_` and `-`, beginning with a letter or digit"
    )]
    App,
    /// The app name is `sub`, `bolt`, or looks like `bolt`.
    #[error(
        "the app name `{0}` is reserved: `sub` is part of a path, and what looks like `bolt` could pass for the server"
    )]
    Reserved(String),
    /// The event name is empty, longer than 128 characters, or has a slash, a `*` or a control character.
    #[error("an event name is 1 to 128 characters without `/`, `\\`, `*` or control characters")]
    Event,
}

/// The longest event name, in characters.
pub const EVENT_NAME_MAX: usize = 128;
/// The longest app name, in characters.
pub const APP_NAME_MAX: usize = 64;

/// The name of an app. It keeps the spelling of its registration and is compared without case.
///
/// ```
/// use footbridge_model::name::AppName;
///
/// let name = AppName::parse("SuperApp").unwrap();
/// assert_eq!(name, AppName::parse("superapp").unwrap());
/// assert_eq!((name.as_str(), name.key()), ("SuperApp", "superapp"));
/// assert!(AppName::parse("b0lt").is_err());
/// ```
#[derive(Clone)]
pub struct AppName {
    /// The lower-case name, for comparing and storing.
    key: Arc<str>,
    /// The name as it was registered, for showing and sending.
    written: Arc<str>,
}

impl AppName {
    /// Parses the name of a new app.
    ///
    /// # Errors
    /// [`BadName::App`] if it does not match the grammar, [`BadName::Reserved`] for `sub`, `bolt` and look-alikes.
    pub fn parse(text: &str) -> Result<Self, BadName> {
        let name = Self::find(text).ok_or_else(|| {
            if text.eq_ignore_ascii_case(BOLT) { BadName::Reserved(text.to_owned()) } else { BadName::App }
        })?;
        if name.is_reserved() { Err(BadName::Reserved(text.to_owned())) } else { Ok(name) }
    }

    /// Parses the name of an app to look up. It may be a reserved name, because older databases hold such apps, but not
    /// the server's own.
    pub fn find(text: &str) -> Option<Self> {
        let mut bytes = text.bytes();
        let begins = bytes.next().is_some_and(|c| c.is_ascii_alphanumeric());
        let plain = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'-');
        let good = begins && text.len() <= APP_NAME_MAX && bytes.all(plain);
        (good && !text.eq_ignore_ascii_case(BOLT)).then(|| Self::trusted(text))
    }

    /// Parses the name of an app to look up, or the server's own.
    pub fn any(text: &str) -> Option<Self> {
        if text.eq_ignore_ascii_case(BOLT) { Some(Self::bolt()) } else { Self::find(text) }
    }

    /// The server's own name as a publisher.
    pub fn bolt() -> Self {
        Self::trusted(BOLT)
    }

    /// A name that was checked before, such as one from the journal. Never use this on input.
    pub fn trusted(text: &str) -> Self {
        let written: Arc<str> = text.into();
        let folded = text.bytes().any(|c| c.is_ascii_uppercase());
        let key = if folded { text.to_ascii_lowercase().into() } else { Arc::clone(&written) };
        Self { key, written }
    }

    /// The name as it was registered, for showing and sending.
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// The lower-case name, for comparing and storing.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Returns true if the spelling is equal too, including capitals.
    pub fn is_written_like(&self, other: &Self) -> bool {
        self.written == other.written
    }

    /// Returns true if no new app may have this name.
    pub fn is_reserved(&self) -> bool {
        &*self.key == "sub" || skeleton(&self.key).eq(BOLT.bytes())
    }
}

/// The name of the server as a publisher and subscriber.
const BOLT: &str = "bolt";

/// The letters that a reader may see in a lower-case name: separators are left out, digits become the letters that they look
/// like, and `i` becomes `l`.
fn skeleton(key: &str) -> impl Iterator<Item = u8> {
    key.bytes().filter(|c| !matches!(c, b'.' | b'_' | b'-')).map(|c| match c {
        b'0' => b'o',
        b'1' | b'i' => b'l',
        other => other,
    })
}

impl PartialEq for AppName {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for AppName {}

impl Hash for AppName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Must be the hash of `str`, because of `Borrow<str>`.
        self.key.hash(state);
    }
}

impl PartialOrd for AppName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for AppName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }
}

impl Borrow<str> for AppName {
    fn borrow(&self) -> &str {
        &self.key
    }
}

/// The name of an event, trimmed and in lower case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventName(Arc<str>);

impl EventName {
    /// Parses the name of an event and normalises it.
    ///
    /// # Errors
    /// [`BadName::Event`] if it is empty, too long, or has `/`, `\`, `*` or a control character.
    pub fn parse(text: &str) -> Result<Self, BadName> {
        let name = text.trim().to_lowercase();
        let wrong = |c: char| matches!(c, '/' | '\\' | '*') || c.is_control();
        let length = name.chars().take(EVENT_NAME_MAX + 1).count();
        if length == 0 || length > EVENT_NAME_MAX || name.contains(wrong) {
            return Err(BadName::Event);
        }
        Ok(Self(name.into()))
    }

    /// A name that was checked before, such as one from the journal. Never use this on input.
    pub fn trusted(text: &str) -> Self {
        Self(text.into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for EventName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

macro_rules! text {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self.as_str(), f)
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}
text!(AppName);
text!(EventName);

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeSet, HashSet};

    #[test]
    fn app_names_are_compared_without_case_and_shown_as_written() {
        let (boxo, lower) =
            (AppName::parse("host_a5801h7tkBLi").unwrap(), AppName::trusted("host_a5801h7tkbli"));
        assert_eq!(boxo, lower);
        assert_eq!((boxo.as_str(), boxo.key()), ("host_a5801h7tkBLi", "host_a5801h7tkbli"));
        assert_eq!(serde_json::to_string(&boxo).unwrap(), "\"host_a5801h7tkBLi\"");
        assert!(!boxo.is_written_like(&lower) && boxo.is_written_like(&boxo.clone()));
        assert!(BTreeSet::from([boxo.clone()]).contains("host_a5801h7tkbli"));
        assert!(HashSet::from([boxo]).contains(&lower));
    }

    #[test]
    fn the_grammar_of_app_names() {
        let longest = "a".repeat(APP_NAME_MAX);
        for good in ["a", "7", "Shop.v2_x-", longest.as_str()] {
            assert!(AppName::parse(good).is_ok(), "{good}");
        }
        let long = "a".repeat(APP_NAME_MAX + 1);
        for bad in ["", ".a", "-a", "_a", "a b", "a/b", "ä", "a*", "a:b", long.as_str()] {
            assert_eq!(AppName::parse(bad), Err(BadName::App), "{bad}");
            assert_eq!(AppName::find(bad), None, "{bad}");
        }
    }

    #[test]
    fn no_app_may_look_like_the_server() {
        for bad in
            ["bolt", "BOLT", "bolt.", "b-o-l-t", "bolt_", "b0lt", "B01T", "boit", "bo.1t", "sub", "SUB"]
        {
            assert_eq!(AppName::parse(bad), Err(BadName::Reserved(bad.to_owned())), "{bad}");
        }
        for good in ["bolts", "bolt2", "thunderbolt", "colt", "subs", "bold", "bo"] {
            assert!(AppName::parse(good).is_ok(), "{good}");
        }
        // One that an older server let in can be looked up, but the server itself never is.
        assert_eq!(AppName::find("B0lt").unwrap().key(), "b0lt");
        assert_eq!((AppName::find("Bolt"), AppName::any("Bolt")), (None, Some(AppName::bolt())));
    }
}
