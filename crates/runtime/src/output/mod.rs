//! What apps write: read line by line, kept in bounds, never in anybody's way.

mod lines;
mod pump;
mod ring;
mod store;

pub(crate) use pump::pump;
pub(crate) use store::Store;
