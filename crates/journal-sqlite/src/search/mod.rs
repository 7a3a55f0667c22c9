//! Searches. The statements choose a range of ids and, where there is one, an index; every other condition is decided row
//! by row, so that a search can stop after any row and say how far it came.

mod deliveries;
mod events;
mod exchanges;
mod hook_apps;
mod range;

pub(crate) use deliveries::search as deliveries;
pub(crate) use events::{search as events, statuses};
pub(crate) use exchanges::search as exchanges;
