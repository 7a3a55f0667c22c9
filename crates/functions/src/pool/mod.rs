//! The server's side: workers, and whose turn it is.

mod keeper;
mod process;
mod source;
mod turns;

pub(crate) use keeper::{Job, keep};
