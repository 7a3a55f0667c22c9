//! `cargo xtask lint`: prints each broken rule of the code, and notes.

use crate::lint;
use crate::process::{self, Outcome};

pub(super) fn run(args: &[String]) -> Outcome {
    match args {
        [] => {}
        [word] if word == "--tighten" => lint::tighten(process::root())?,
        [word, ..] => return Err(format!("`{word}` is not known; `cargo xtask lint [--tighten]`")),
    }
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
