//! Chapter 5: apps that start when needed.

mod cli;
mod clients;
mod common;
mod direct;
mod environment;
mod functions;
mod install;
mod lifecycle;
mod mount;
mod output;
mod pages;
mod public;
mod races;
mod routers;
mod secrets;
mod sockets;
mod start;
mod start_failures;
mod states;
mod stop;
mod transient;
mod unanswered;
