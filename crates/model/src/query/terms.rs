//! Queries and their terms, and how they are written.

use super::body::{BodyTest, Segment};
use super::glob::Glob;
use super::values::{AnyId, Code, Moment, StatusWord};
use crate::duration;
use crate::id::{EventId, HookId};
use crate::name::AppName;
use crate::provenance::{TraceId, Via};
use crate::time::Millis;
use std::fmt;
use std::time::Duration;

/// The kind of rows that a query is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// Events that apps published.
    Events,
    /// Deliveries of events to hooks.
    Deliveries,
    /// Exchanges between two apps.
    Exchanges,
}

impl Subject {
    /// The word in messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Deliveries => "deliveries",
            Self::Exchanges => "exchanges",
        }
    }
}

/// The condition of a term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// The publisher or sender is this app.
    App(AppName),
    /// The receiving app is this one.
    To(AppName),
    /// The name of the event, or the type of the exchange.
    Name(Glob),
    /// The status is this one.
    Status(StatusWord),
    /// The status of the last answer, or an error code.
    Code(Code),
    /// The last error has this part, without regard to case. Holds lower case.
    Error(String),
    /// Made at or after this time.
    Since(Moment),
    /// Made before this time.
    Until(Moment),
    /// A member of the body has a value.
    Body(BodyTest),
    /// The last attempt, or the exchange, took longer than this.
    LongerThan(Duration),
    /// The last attempt, or the exchange, took less than this.
    ShorterThan(Duration),
    /// The way by which it came.
    Via(Via),
    /// The thing itself, or one that belongs to it, has this id.
    Id(AnyId),
    /// The delivery goes to this hook.
    Hook(HookId),
    /// The event is this one.
    Event(EventId),
    /// It belongs to this trace.
    Trace(TraceId),
    /// The cause is this event, delivery or exchange.
    Cause(AnyId),
    /// It is a test, or it is none.
    Test(bool),
}

/// One term: a condition that must or must not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// True if the condition must not hold.
    pub negated: bool,
    /// The condition that is asked for.
    pub condition: Condition,
}

/// Terms that must all match. The empty query matches everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    pub(super) terms: Vec<Term>,
}

impl Query {
    /// The terms in their order.
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// Adds a condition that must hold.
    #[must_use]
    pub fn and(mut self, condition: Condition) -> Self {
        self.terms.push(Term { negated: false, condition });
        self
    }

    /// Returns true if the query matches everything.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// The latest `since:` and the earliest `until:`, given the current time.
    ///
    /// ```
    /// use footbridge_model::query::Query;
    /// use footbridge_model::time::Millis;
    ///
    /// let query = Query::parse("since:2h since:1h").unwrap();
    /// assert_eq!(query.times(Millis(7_200_000)), (Some(Millis(3_600_000)), None));
    /// ```
    pub fn times(&self, now: Millis) -> (Option<Millis>, Option<Millis>) {
        let since = self.terms.iter().filter_map(|term| match &term.condition {
            Condition::Since(moment) => Some(moment.at(now)),
            _ => None,
        });
        let until = self.terms.iter().filter_map(|term| match &term.condition {
            Condition::Until(moment) => Some(moment.at(now)),
            _ => None,
        });
        (since.max(), until.min())
    }

    /// The conditions that are not negated.
    pub fn positive(&self) -> impl Iterator<Item = &Condition> {
        self.terms.iter().filter(|term| !term.negated).map(|term| &term.condition)
    }

    /// The tests of bodies. Whoever may not read bodies may not ask for them either.
    pub fn body_tests(&self) -> impl Iterator<Item = &BodyTest> {
        self.terms.iter().filter_map(|term| match &term.condition {
            Condition::Body(test) => Some(test),
            _ => None,
        })
    }
}

/// The query as text, which [`Query::parse`] reads back.
impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, term) in self.terms.iter().enumerate() {
            let blank = if place == 0 { "" } else { " " };
            write!(f, "{blank}{term}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negated {
            f.write_str("-")?;
        }
        match &self.condition {
            Condition::App(app) => write!(f, "app:{}", app.as_str()),
            Condition::To(app) => write!(f, "to:{}", app.as_str()),
            Condition::Name(name) => write!(f, "name:{}", value(&name.to_string(), false)),
            Condition::Status(word) => write!(f, "status:{}", word.as_str()),
            Condition::Code(code) => write!(f, "code:{code}"),
            Condition::Error(part) => write!(f, "error:{}", value(part, false)),
            Condition::Since(moment) => write!(f, "since:{moment}"),
            Condition::Until(moment) => write!(f, "until:{moment}"),
            Condition::Body(test) => {
                f.write_str("body")?;
                test.path.iter().try_for_each(|segment| segment_text(f, segment))?;
                write!(f, ":{}", value(&test.value.to_string(), test.quoted))
            }
            Condition::LongerThan(span) => write!(f, "took:>{}", duration::print(*span)),
            Condition::ShorterThan(span) => write!(f, "took:<{}", duration::print(*span)),
            Condition::Via(via) => write!(f, "via:{}", via.as_str()),
            Condition::Id(id) => write!(f, "id:{id}"),
            Condition::Hook(id) => write!(f, "hook:{id}"),
            Condition::Event(id) => write!(f, "event:{id}"),
            Condition::Trace(trace) => write!(f, "trace:{trace}"),
            Condition::Cause(id) => write!(f, "cause:{id}"),
            Condition::Test(test) => write!(f, "test:{test}"),
        }
    }
}

/// Writes a value, in quotes where it would not be read back otherwise.
fn value(text: &str, quoted: bool) -> String {
    let plain = !text.is_empty() && !text.starts_with('"') && !text.contains(char::is_whitespace);
    if plain && !quoted { text.to_owned() } else { quote(text) }
}

fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn segment_text(f: &mut fmt::Formatter<'_>, segment: &Segment) -> fmt::Result {
    match segment {
        Segment::Element(place) => write!(f, "[{place}]"),
        Segment::Member(name) if is_plain_member(name) => write!(f, ".{name}"),
        Segment::Member(name) => write!(f, "[{}]", quote(name)),
    }
}

/// Returns true if a member's name needs no quotes.
pub(super) fn is_plain_member(name: &str) -> bool {
    let special = |c: char| c.is_whitespace() || matches!(c, '.' | '[' | ']' | ':' | '"');
    !name.is_empty() && !name.contains(special)
}
