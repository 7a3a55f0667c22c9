//! Both ends of the wire: what sends, and what receives.
//!
//! Framed by hand and on one thread each, so that they cost as little as possible beside what is measured.

mod clock;
mod frame;
mod publisher;
mod receiver;
mod wrk;

pub(crate) use clock::Stamp;
pub(crate) use publisher::{Closed, Open, Publisher};
pub(crate) use receiver::{Manner, Receiver};
pub(crate) use wrk::{Load, wrk};
