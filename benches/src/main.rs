//! Measurements of Footbridge as it ships, as ratios to named baselines on the same machine in the same minute.
//!
//! Run by `cargo xtask bench [NAME] [-- ARGS]`; the README beside says what each figure means.

mod bench;
mod cli;
mod load;
mod machine;
mod report;
mod stage;
mod stats;
mod targets;

use clap::Parser as _;
use std::process::ExitCode;

/// What goes wrong is told to whoever runs the bench, in words.
type Outcome<T> = Result<T, String>;

fn main() -> ExitCode {
    match cli::run(&cli::Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("bench: {message}");
            ExitCode::FAILURE
        }
    }
}
