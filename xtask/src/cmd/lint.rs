//! `cargo xtask lint`: prints what breaks a rule of the code, and the notes.

use super::no_args;
use crate::lint;
use crate::process::{self, Outcome};

pub(super) fn run(args: &[String]) -> Outcome {
    no_args(args)?;
    let report = lint::check(process::root())?;
    for note in &report.notes {
        println!("note: {note}");
    }
    for finding in &report.findings {
        println!("{finding}");
    }
    match report.findings.len() {
        0 => Ok(()),
        1 => Err("1 finding".into()),
        n => Err(format!("{n} findings")),
    }
}
