//! §1 The program.

mod commands;
mod config;
mod demo;
mod demo_page;
mod file_apps;
mod health;
mod limits_http;
mod log;
mod operate;
mod readme;
mod shutdown;
mod start;
