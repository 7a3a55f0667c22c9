//! Jobs: the same act on many deliveries, in the background. They survive a restart.

mod plan;
mod preview;
mod request;
mod runner;

pub use preview::{Counted, JobPreview};
pub use request::{JobError, JobRequest};
pub use runner::JobRunner;

pub(crate) use plan::Plan;
pub(crate) use preview::preview;
pub(crate) use request::spec;
pub(crate) use runner::JobRunnerOptions;
