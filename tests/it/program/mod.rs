//! §1 The program.

mod commands;
mod config;
mod demo;
mod file_apps;
mod health;
mod limits_http;
mod readme;
mod shutdown;
mod start;
