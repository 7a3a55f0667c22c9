//! Fourteen requests to a receiver, each of which shows whether it makes one of the checks that a receiver should make.

mod advice;
mod kind;
mod message;
mod run;
mod setup;
mod store;

pub use kind::Protocol;
pub use setup::ReceiverToTest;
pub use store::{Probe, ReceiverTest, ReceiverTestError};

pub(crate) use setup::ProbeSetup;
pub(crate) use store::ReceiverTests;
