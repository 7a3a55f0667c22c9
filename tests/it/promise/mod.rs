//! §4 What is promised.

mod egress;
mod identity;
mod isolation;
mod kill9;
mod secrets;
mod sync_first;
