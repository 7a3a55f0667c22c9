//! `footbridge app …`: apps that run elsewhere, and installed apps, which the server starts.

mod add;
mod bolt;
mod command;
mod credentials;
mod install;
mod list;
mod logs;
mod output;
mod overview;
mod remove;
mod shown_once;
mod start;

#[cfg(test)]
mod tests;

pub use self::command::{AppCommand, run};
