//! The commands, one per file, each with its arguments.
//!
//! A command that talks to a running server turns its arguments into a request to the administration API, and the
//! answer into text. It returns the text; `cli::run` prints it.

pub mod api;
pub mod app;
pub mod args;
pub mod audit;
mod browser;
pub mod config;
pub mod console;
pub mod context;
pub mod delivery;
pub mod demo;
pub mod doctor;
pub mod event;
pub mod exchange;
pub mod exit;
pub mod explain;
pub mod failure;
pub mod healthcheck;
pub mod hook;
pub mod job;
pub mod lane;
pub mod link;
pub mod publish;
pub mod receiver;
pub mod redeliver;
pub mod remote;
pub mod search_args;
pub mod serve;
pub mod shell;
pub mod signature;
pub mod stats;
pub mod story;
pub mod tail;
