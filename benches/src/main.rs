//! Measurements of the release build as ratios to named baselines, on the same machine in the same minute.
//!
//! `cargo xtask bench [NAME] [-- ARGS]` runs them; the README of this crate explains each figure.

mod bench;
mod cli;
mod load;
mod machine;
mod report;
mod stats;
mod targets;
mod workspace;

use clap::Parser as _;
use std::process::ExitCode;

/// The result of a step; the error is a message for the person who runs the bench.
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
