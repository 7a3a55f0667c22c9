//! The senders and receivers of the load.
//!
//! Each frames its messages by hand and runs on one thread, so that it costs little compared with the measured program.

mod clock;
mod frame;
mod publisher;
mod receiver;
mod wrk;

pub(crate) use clock::Stamp;
pub(crate) use publisher::{Closed, Open, Publisher};
pub(crate) use receiver::{Receiver, ReceiverMode};
pub(crate) use wrk::{Load, wrk};
