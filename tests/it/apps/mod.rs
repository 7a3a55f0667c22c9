//! Chapter 5: apps that start when needed.

mod cli;
mod clients;
mod direct;
mod functions;
mod given;
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
mod stand;
mod start;
mod states;
mod stop;
mod transient;
mod trouble;
mod unanswered;
