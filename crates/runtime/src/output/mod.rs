//! Output of apps: read line by line, stored within limits, without slowing down anything else.

mod lines;
mod pump;
mod ring;
mod store;

pub(crate) use pump::pump;
pub(crate) use store::OutputStore;
