//! Words and rules of the domain. Pure: no I/O, no async, reads no clock.
pub mod attempt;
