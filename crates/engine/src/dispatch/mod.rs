//! Delivers events to hooks: one lane per hook, a fair run queue, attempts, and their results.
//!
//! One dispatcher owns all lanes and runs on a thread of its own, so no lock is held while a receiver is slow. Its
//! memory is bounded; deliveries that do not fit stay in the journal and are read later.
//!
//! - [`run`]: the loop. It takes offers from the rest of the engine and reports from attempts.
//! - [`scheduler`]: decides which lane makes its next attempt, within the limits of [`permits`].
//! - [`lane`]: the deliveries of one hook that wait in memory.
//! - [`attempt`] and [`destination`]: one attempt, and where it goes.
//! - [`completion`] and [`record`]: what an attempt means for its delivery, and writing that to the journal.

mod attempt;
mod attempt_result;
mod completion;
mod destination;
mod hand_over;
mod in_flight;
mod lane;
mod memory_budget;
mod permits;
mod record;
#[cfg(test)]
mod record_tests;
mod run;
mod run_queue;
mod scheduler;
mod task_report;
mod tasks;
mod test_endpoint;
#[cfg(test)]
mod tests;
mod waiting_for_app;
mod watchdog;

pub use run::Dispatcher;

pub(crate) use run::DispatchOptions;
pub(crate) use test_endpoint::{TestEndpoint, test_endpoint};
