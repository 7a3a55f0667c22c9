//! Names of apps and of events.

use serde::{Serialize, Serializer};
use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// Why a text is no name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// Not `[a-z0-9][a-z0-9._-]{0,63}`.
    #[error("an app name is 1 to 64 of a-z, 0-9, `.`, `_` and `-`, beginning with a letter or digit")]
    App,
    /// `bolt` or `sub`.
    #[error("the app name `{0}` is reserved")]
    Reserved(String),
    /// Empty, longer than 128 characters, `*`, or with a slash or a control character.
    #[error("an event name is 1 to 128 characters without `/`, `\\` or control characters, and not `*`")]
    Event,
}

/// The longest event name, in characters.
pub const EVENT_NAME_MAX: usize = 128;
/// The longest app name, in characters.
pub const APP_NAME_MAX: usize = 64;

/// The name of an app, lower-cased.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppName(Arc<str>);

impl AppName {
    /// Checks and lower-cases a name that an operator gives an app.
    ///
    /// # Errors
    /// [`BadName::App`] for what the grammar refuses, [`BadName::Reserved`] for `bolt` and `sub`.
    pub fn parse(text: &str) -> Result<Self, BadName> {
        let name = text.to_ascii_lowercase();
        let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
        let mut bytes = name.bytes();
        let begins = bytes.next().is_some_and(plain);
        if !begins || name.len() > APP_NAME_MAX || !bytes.all(|c| plain(c) || matches!(c, b'.' | b'_' | b'-'))
        {
            return Err(BadName::App);
        }
        if name == "bolt" || name == "sub" {
            return Err(BadName::Reserved(name));
        }
        Ok(Self(name.into()))
    }

    /// The server's own name as a publisher.
    pub fn bolt() -> Self {
        Self("bolt".into())
    }

    /// A name from a journal, which holds only names that were checked.
    pub fn trusted(text: &str) -> Self {
        Self(text.into())
    }

    /// The text of it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of an event: trimmed and lower-cased.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventName(Arc<str>);

impl EventName {
    /// Checks and normalises the name under which an event is published.
    ///
    /// # Errors
    /// [`BadName::Event`] when it is empty, too long, `*`, or holds `/`, `\` or a control character.
    pub fn parse(text: &str) -> Result<Self, BadName> {
        let name = text.trim().to_lowercase();
        let wrong = |c: char| c == '/' || c == '\\' || c.is_control();
        let length = name.chars().take(EVENT_NAME_MAX + 1).count();
        if length == 0 || length > EVENT_NAME_MAX || name == "*" || name.contains(wrong) {
            return Err(BadName::Event);
        }
        Ok(Self(name.into()))
    }

    /// A name from a journal, which holds only names that were checked.
    pub fn trusted(text: &str) -> Self {
        Self(text.into())
    }

    /// The text of it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

macro_rules! text {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
    };
}
text!(AppName);
text!(EventName);
