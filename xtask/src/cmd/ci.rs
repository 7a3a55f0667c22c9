//! `cargo xtask ci`: every check that a change must pass, the cheapest first.

use std::time::{Duration, Instant};

use super::{console, fuzz, lint, no_args, test};
use crate::consent::Consent;
use crate::process::{self, Outcome, cargo, works};

/// The version of cargo-deny that `deny.toml` is written for.
const CARGO_DENY: &str = "0.20.2";

struct Step {
    name: &'static str,
    run: fn(&mut Notes) -> Outcome,
}

/// Shared by the steps: the permission to install packages, and notes about checks that were not possible.
struct Notes {
    consent: Consent,
    notes: Vec<String>,
}

const STEPS: &[Step] = &[
    Step { name: "format", run: |_| process::run(&mut cargo(&["fmt", "--all", "--check"])) },
    Step { name: "lint", run: |_| lint::run(&[]) },
    Step { name: "clippy", run: |_| clippy() },
    Step { name: "docs", run: |_| docs() },
    Step { name: "dependencies", run: dependencies },
    Step { name: "console", run: |notes| console::run_with(notes.consent) },
    Step { name: "tests", run: |notes| test::run_with(&[], notes.consent) },
    // The same inputs in every run, so that a failure comes from the change.
    Step { name: "fuzz", run: |_| fuzz::run(&["--seconds", "3", "--seed", "1"].map(str::to_owned)) },
];

pub(super) fn run(args: &[String]) -> Outcome {
    let mut words = args.to_vec();
    let mut notes = Notes { consent: Consent::take(&mut words), notes: Vec::new() };
    no_args(&words)?;
    let mut times = Vec::new();
    for step in STEPS {
        println!("\n== {}", step.name);
        let start = Instant::now();
        (step.run)(&mut notes).map_err(|e| format!("{}{}: {e}", summary(&times, &notes.notes), step.name))?;
        times.push((step.name, start.elapsed()));
    }
    print!("\n{}", summary(&times, &notes.notes));
    Ok(())
}

/// Returns a line with the steps that passed and a line for each note.
fn summary(times: &[(&str, Duration)], notes: &[String]) -> String {
    let mut text = String::new();
    if !times.is_empty() {
        let steps = times.iter().map(|(name, time)| format!("{name} {}s", time.as_secs()));
        text = format!("passed: {}\n", steps.collect::<Vec<_>>().join(", "));
    }
    for note in notes {
        text.push_str("note: ");
        text.push_str(note);
        text.push('\n');
    }
    text
}

fn clippy() -> Outcome {
    process::run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

fn docs() -> Outcome {
    let mut docs = cargo(&["doc", "--workspace", "--no-deps"]);
    process::run(docs.env("RUSTDOCFLAGS", "-D warnings"))
}

/// Runs cargo-deny. A check that is not possible here (no cargo-deny, no advisory database) is a note; a finding is an
/// error.
fn dependencies(Notes { notes, .. }: &mut Notes) -> Outcome {
    if !have_cargo_deny() {
        notes.push(
            "dependencies not checked: cargo-deny is missing (cargo install --locked cargo-deny)".into(),
        );
        return Ok(());
    }
    process::run(&mut cargo(&["deny", "check", "licenses", "bans", "sources"]))?;
    if !works(&mut cargo(&["deny", "fetch", "db"])) {
        notes.push("advisories not checked: the advisory database cannot be reached".into());
        return Ok(());
    }
    process::run(&mut cargo(&["deny", "check", "advisories"]))
}

/// Returns true if cargo-deny is installed. A CI machine installs it, which takes minutes.
fn have_cargo_deny() -> bool {
    let present = || works(&mut cargo(&["deny", "--version"]));
    if present() || !process::on_ci() {
        return present();
    }
    process::run(&mut cargo(&["install", "--locked", "cargo-deny", "--version", CARGO_DENY])).is_ok()
        && present()
}
