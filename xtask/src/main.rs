//! The chores of the repository: `cargo xtask CHORE`.
//!
//! The package has one small dependency, so that a chore hardly waits for a build. `cmd` has one chore per file; `lint`
//! has the rules of the code that neither the compiler nor clippy can check.

mod cmd;
mod consent;
mod fresh;
mod lint;
mod npm;
mod packages;
mod process;
mod python;
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
