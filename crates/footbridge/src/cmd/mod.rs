//! The commands, one a file: each with its own arguments.
//!
//! Commands that talk to a running server turn arguments into one call of the administration API and its answer into
//! text; they return the text, and only the program's end prints it.

pub mod app;
pub mod args;
pub mod config;
pub mod delivery;
pub mod demo;
pub mod event;
pub mod exchange;
pub mod explain;
pub mod failure;
pub mod hook;
pub mod link;
pub mod publish;
pub mod remote;
pub mod serve;
pub mod shell;
