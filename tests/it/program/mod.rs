//! §1 The program.

mod commands;
mod config;
mod health;
mod limits_http;
mod shutdown;
mod start;
