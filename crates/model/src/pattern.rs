//! What a hook listens for: `publisher/event`, each a name or `*`.

use crate::name::{APP_NAME_MAX, AppName, EVENT_NAME_MAX, EventName};
use std::fmt;
use std::sync::Arc;

/// Why a text is no pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPattern {
    /// Too long, or with a control character.
    #[error(
        "a hook pattern is `event`, `publisher/event`, `publisher/*` or `*`: at most {APP_NAME_MAX} and {EVENT_NAME_MAX} characters, none of them control characters"
    )]
    Text,
    /// A `/` behind the first one: no event has one in its name.
    #[error(
        "a hook pattern has at most one `/`, between publisher and event: the name of an event holds none, so this would never match"
    )]
    Slash,
    /// A `*` beside other characters.
    #[error(
        "`*` stands for a whole publisher or a whole event, never for a part of a name: write `*`, or a hook for each name"
    )]
    Star,
}

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
            text if text.contains('/') => Err(BadPattern::Slash),
            text if text.contains('*') => Err(BadPattern::Star),
            text if text.chars().any(char::is_control) || text.chars().count() > longest => {
                Err(BadPattern::Text)
            }
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
    /// [`BadPattern`] when it is too long, holds a control character, or can never match.
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

    /// Returns true if the pattern matches events of this publisher whose name is `event` after trimming and lower-casing.
    /// The text need not be a valid event name.
    pub fn matches_text(&self, publisher: &AppName, event: &str) -> bool {
        self.publisher.matches(publisher.key()) && self.event.matches(&event.trim().to_lowercase())
    }

    /// Whether some event can match both.
    pub fn overlaps(&self, other: &Self) -> bool {
        let meets = |one: &Part, two: &Part| *one == Part::Any || *two == Part::Any || one == two;
        meets(&self.publisher, &other.publisher) && meets(&self.event, &other.event)
    }

    /// Why no event can ever match it: an older journal may hold such patterns.
    pub fn never_matches(&self) -> Option<BadPattern> {
        match (&self.publisher, &self.event) {
            (Part::Is(text), _) | (_, Part::Is(text)) if text.contains('*') => Some(BadPattern::Star),
            (_, Part::Is(text)) if text.contains('/') => Some(BadPattern::Slash),
            _ => None,
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_never_match_is_refused() {
        for (text, error) in [
            ("order-*", BadPattern::Star),
            ("camera/photo-*", BadPattern::Star),
            ("cam*/x", BadPattern::Star),
            ("**", BadPattern::Star),
            ("*/*.x", BadPattern::Star),
            ("a/b/c", BadPattern::Slash),
            ("a\\b\\c", BadPattern::Slash),
            ("*/b/", BadPattern::Slash),
            ("a//b", BadPattern::Slash),
            ("a\nb", BadPattern::Text),
        ] {
            assert_eq!(Pattern::parse(text), Err(error), "{text}");
        }
        for text in ["x", "*", "*/*", "", "/", "camera/", "/x", " Camera / X "] {
            assert_eq!(Pattern::parse(text).unwrap().never_matches(), None, "{text}");
        }
        let kept = |publisher: &str, event: &str| Pattern {
            publisher: Part::Is(publisher.into()),
            event: Part::Is(event.into()),
        };
        assert_eq!(kept("cam*", "x").never_matches(), Some(BadPattern::Star));
        assert_eq!(kept("camera", "x-*").never_matches(), Some(BadPattern::Star));
        assert_eq!(kept("camera", "x/y").never_matches(), Some(BadPattern::Slash));
    }
}
