//! The search grammar of lists, tails, jobs and exports: `app:shop name:order-* status:dead -code:503 since:2h`.
//!
//! [`Query::parse`] reads the text, `Display` writes it. [`Query::times`] are the limits that a store turns into ids; the
//! methods `matches_…` decide about everything else and are pure.

mod body;
mod glob;
mod matches;
mod parse;
mod terms;
mod values;

pub use body::{BodyTest, Segment};
pub use glob::Glob;
pub use matches::{DeliveryFacts, EventFacts};
pub use parse::QueryError;
pub use terms::{Condition, Query, Subject, Term};
pub use values::{AnyId, Code, Moment, StatusWord};
