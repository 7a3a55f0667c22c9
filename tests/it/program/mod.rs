//! §1 The program.

pub(crate) mod clock;
mod commands;
mod config;
mod database;
mod demo;
mod demo_page;
mod docs;
mod doctor;
mod edge;
mod file_apps;
mod health;
mod limits_http;
mod log;
mod lost_output;
mod operate;
mod operations;
mod readme;
mod shutdown;
mod start;
mod tools;
