//! Delivering: one lane for each hook, fair turns between them, attempts, and what they come to.
//!
//! The dispatcher is the only owner of the lanes, on a thread of its own: no lock is held while a
//! receiver is slow. What it holds in memory is bounded; the rest lies in the journal.

mod asleep;
mod attempt;
mod flights;
mod held;
mod lane;
mod permits;
mod record;
mod reports;
mod run;
mod tried;
mod turns;
mod urgent;
mod watch;
mod way;
mod wheel;

pub use run::Dispatcher;

pub(crate) use run::DispatchOptions;
