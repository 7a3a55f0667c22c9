//! Every chore of the repository, behind `cargo xtask`.
//!
//! The package has no dependencies, so that a chore never waits for a build. `cmd` holds one chore per
//! file; `lint` holds the rules of the code that neither the compiler nor clippy can state.

mod cmd;
mod consent;
mod fresh;
mod lint;
mod npm;
mod packages;
mod process;
mod results;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let chore = words.next().unwrap_or_default();
    let rest: Vec<String> = words.collect();
    match cmd::run(&chore, &rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}
