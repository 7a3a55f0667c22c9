//! `cargo xtask book`: checks the documentation in seconds, without building the server.

use super::no_args;
use crate::process::{self, Outcome, cargo};

pub(super) fn run(args: &[String]) -> Outcome {
    no_args(args)?;
    process::run(&mut cargo(&["test", "--quiet", "--package", "footbridge-book"]))?;
    println!("to read the book: cargo run -p footbridge -- serve, then http://127.0.0.1:4400/docs/");
    Ok(())
}
