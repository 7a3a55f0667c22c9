//! The machine: what it is, what its processes use, and whether it is quiet.

mod about;
mod process;
mod quiet;

pub(crate) use about::about;
pub(crate) use process::{Memory, alone, cpu_seconds, memory, monotonic, running};
pub(crate) use quiet::Quiet;
