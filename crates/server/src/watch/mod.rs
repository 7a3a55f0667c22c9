//! Records the activity of each connection, so that a periodic sweep can end connections that take too long. A timer for each
//! request would cost more than the request itself.

mod body_wait;
mod connection;
mod set;

pub(crate) use connection::{End, Length, Watch};
pub(crate) use set::{WatchGuard, WatchSet};
