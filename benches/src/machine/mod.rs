//! The machine: its description, the resources of its processes, and the load of other processes.

mod about;
mod process;
mod quiet;

pub(crate) use about::about;
pub(crate) use process::{Memory, alone, cpu_seconds, memory, monotonic, running};
pub(crate) use quiet::Quiet;
