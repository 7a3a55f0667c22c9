//! What a hook listens for: `publisher/event`, each a name or `*`.

use crate::name::{APP_NAME_MAX, AppName, EVENT_NAME_MAX, EventName};
use std::fmt;
use std::sync::Arc;

/// Why a text is no pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a hook pattern is `event`, `publisher/event`, `publisher/*` or `*`: at most 64 and 128 characters, none of them control characters"
)]
pub struct BadPattern;

/// One half of a pattern.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// `*`
    Any,
    /// Exactly this text, lower-cased.
    Is(Arc<str>),
}

impl Part {
    fn parse(text: &str, longest: usize) -> Result<Self, BadPattern> {
        match text.trim() {
            "" | "*" => Ok(Self::Any),
            text if text.chars().any(char::is_control) || text.chars().count() > longest => Err(BadPattern),
            text => Ok(Self::Is(text.to_lowercase().into())),
        }
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Is(wanted) => &**wanted == text,
        }
    }

    /// The text of it, `*` for any.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Any => "*",
            Self::Is(text) => text,
        }
    }
}

/// A normalised hook pattern.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern {
    /// Whose events.
    pub publisher: Part,
    /// Which events.
    pub event: Part,
}

impl Pattern {
    /// Normalises `\` to `/`, splits at the first `/`, reads an empty half as `*` and lower-cases.
    ///
    /// # Errors
    /// [`BadPattern`] when a half is too long or holds a control character.
    pub fn parse(text: &str) -> Result<Self, BadPattern> {
        let text = text.replace('\\', "/");
        let (publisher, event) = text.split_once('/').unwrap_or(("*", &text));
        Ok(Self {
            publisher: Part::parse(publisher, APP_NAME_MAX)?,
            event: Part::parse(event, EVENT_NAME_MAX)?,
        })
    }

    /// Whether an event of this publisher and name is meant.
    pub fn matches(&self, publisher: &AppName, event: &EventName) -> bool {
        self.publisher.matches(publisher.key()) && self.event.matches(event.as_str())
    }

    /// Whether some event can match both.
    pub fn overlaps(&self, other: &Self) -> bool {
        let meets = |one: &Part, two: &Part| *one == Part::Any || *two == Part::Any || one == two;
        meets(&self.publisher, &other.publisher) && meets(&self.event, &other.event)
    }

    /// Whether either half is `*`: such hooks never get a publisher's private events.
    pub fn has_wildcard(&self) -> bool {
        self.publisher == Part::Any || self.event == Part::Any
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.publisher.as_str(), self.event.as_str())
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
