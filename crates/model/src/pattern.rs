//! Hook patterns: `publisher/event`, where each half is a name or `*`.

use crate::name::{APP_NAME_MAX, AppName, EVENT_NAME_MAX, EventName};
use std::fmt;
use std::sync::Arc;

/// The reason why a text is not a valid pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPattern {
    /// A half is too long or has a control character.
    #[error(
        "a hook pattern is `event`, `publisher/event`, `publisher/*` or `*`: at most {APP_NAME_MAX} and {EVENT_NAME_MAX} characters, none of them control characters"
    )]
    Text,
    /// There is a second `/`; no event name has one.
    #[error(
        "a hook pattern has at most one `/`, between publisher and event: the name of an event holds none, so this would never match"
    )]
    Slash,
    /// A half has a `*` and other characters.
    #[error(
        "`*` stands for a whole publisher or a whole event, never for a part of a name: write `*`, or a hook for each name"
    )]
    Star,
}

/// One half of a pattern.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// `*`: matches every name.
    Any,
    /// Matches exactly this text, which is in lower case.
    Is(Arc<str>),
}

impl Part {
    fn parse(text: &str, longest: usize) -> Result<Self, BadPattern> {
        // The length counts in lower case, as that of a name does: some letters become two.
        match text.trim().to_lowercase().as_str() {
            "" | "*" => Ok(Self::Any),
            text if text.contains('/') => Err(BadPattern::Slash),
            text if text.contains('*') => Err(BadPattern::Star),
            text if text.chars().any(char::is_control) || text.chars().count() > longest => {
                Err(BadPattern::Text)
            }
            text => Ok(Self::Is(text.into())),
        }
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Is(wanted) => &**wanted == text,
        }
    }

    /// The half as text; `*` for any.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Any => "*",
            Self::Is(text) => text,
        }
    }
}

/// A normalised hook pattern.
///
/// ```
/// use footbridge_model::name::{AppName, EventName};
/// use footbridge_model::pattern::Pattern;
///
/// let pattern = Pattern::parse("Camera/*").unwrap();
/// let (camera, fax) = (AppName::parse("camera").unwrap(), AppName::parse("fax").unwrap());
/// let photo = EventName::parse("photo-saved").unwrap();
/// assert!(pattern.matches(&camera, &photo) && !pattern.matches(&fax, &photo));
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern {
    /// The publisher of the events.
    pub publisher: Part,
    /// The names of the events.
    pub event: Part,
}

impl Pattern {
    /// Parses a pattern. `\` counts as `/`, an empty half as `*`, and a text without `/` as the name of an event.
    ///
    /// # Errors
    /// [`BadPattern`] if it is too long, has a control character, or can never match.
    pub fn parse(text: &str) -> Result<Self, BadPattern> {
        let text = text.replace('\\', "/");
        let (publisher, event) = text.split_once('/').unwrap_or(("*", &text));
        Ok(Self {
            publisher: Part::parse(publisher, APP_NAME_MAX)?,
            event: Part::parse(event, EVENT_NAME_MAX)?,
        })
    }

    /// Returns true if the pattern matches an event of this publisher and name.
    pub fn matches(&self, publisher: &AppName, event: &EventName) -> bool {
        self.publisher.matches(publisher.key()) && self.event.matches(event.as_str())
    }

    /// Returns true if the pattern matches events of this publisher whose name is `event` after trimming and lower-casing.
    /// The text need not be a valid event name.
    pub fn matches_text(&self, publisher: &AppName, event: &str) -> bool {
        self.publisher.matches(publisher.key()) && self.event.matches(&event.trim().to_lowercase())
    }

    /// Returns true if some event can match both patterns.
    pub fn overlaps(&self, other: &Self) -> bool {
        let meets = |one: &Part, two: &Part| *one == Part::Any || *two == Part::Any || one == two;
        meets(&self.publisher, &other.publisher) && meets(&self.event, &other.event)
    }

    /// The reason why no event can match the pattern, if so. Older databases hold such patterns.
    pub fn never_matches(&self) -> Option<BadPattern> {
        match (&self.publisher, &self.event) {
            (Part::Is(text), _) | (_, Part::Is(text)) if text.contains('*') => Some(BadPattern::Star),
            (_, Part::Is(text)) if text.contains('/') => Some(BadPattern::Slash),
            _ => None,
        }
    }

    /// Returns true if either half is `*`. Hooks with such a pattern do not receive private events.
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
    fn the_length_counts_in_lower_case() {
        let pattern = |count| Pattern::parse(&format!("*/{}", "\u{130}".repeat(count)));
        assert!(pattern(EVENT_NAME_MAX / 2).is_ok());
        assert_eq!(pattern(EVENT_NAME_MAX / 2 + 1), Err(BadPattern::Text));
    }

    #[test]
    fn patterns_that_can_never_match_are_refused() {
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
        let stored = |publisher: &str, event: &str| Pattern {
            publisher: Part::Is(publisher.into()),
            event: Part::Is(event.into()),
        };
        assert_eq!(stored("cam*", "x").never_matches(), Some(BadPattern::Star));
        assert_eq!(stored("camera", "x-*").never_matches(), Some(BadPattern::Star));
        assert_eq!(stored("camera", "x/y").never_matches(), Some(BadPattern::Slash));
    }
}
