//! Records the activity of each connection, so that a periodic sweep can end connections that take too long. A timer for each
//! request would cost more than the request itself.

mod body_wait;
mod connection;
mod deadlines;
mod phase;
mod quiet;
mod set;

pub(crate) use connection::Watch;
pub(crate) use phase::{End, Length};
pub(crate) use set::{WatchGuard, WatchSet};
