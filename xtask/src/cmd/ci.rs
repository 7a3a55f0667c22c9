//! `cargo xtask ci`: everything a change must pass, cheapest first, so that a slip is told early.

use std::time::{Duration, Instant};

use super::{lint, no_args, test};
use crate::process::{self, Outcome, cargo, works};

/// The version of cargo-deny that `deny.toml` is written for.
const CARGO_DENY: &str = "0.20.2";

struct Step {
    name: &'static str,
    run: fn(&mut Vec<String>) -> Outcome,
}

const STEPS: &[Step] = &[
    Step { name: "format", run: |_| process::run(&mut cargo(&["fmt", "--all", "--check"])) },
    Step { name: "lint", run: |_| lint::run(&[]) },
    Step { name: "clippy", run: |_| clippy() },
    Step { name: "docs", run: |_| docs() },
    Step { name: "dependencies", run: dependencies },
    Step { name: "tests", run: |_| test::run(&[]) },
];

pub(super) fn run(args: &[String]) -> Outcome {
    no_args(args)?;
    let mut notes = Vec::new();
    let mut times = Vec::new();
    for step in STEPS {
        println!("\n== {}", step.name);
        let start = Instant::now();
        (step.run)(&mut notes).map_err(|e| format!("{}: {e}", step.name))?;
        times.push((step.name, start.elapsed()));
    }
    println!("\n{}", summary(&times, &notes));
    Ok(())
}

fn summary(times: &[(&str, Duration)], notes: &[String]) -> String {
    let steps = times.iter().map(|(name, time)| format!("{name} {}s", time.as_secs()));
    let mut text = format!("passed: {}", steps.collect::<Vec<_>>().join(", "));
    for note in notes {
        text.push_str("\nnote: ");
        text.push_str(note);
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

/// What the machine cannot do (no cargo-deny, no way to the advisory database) is a note; what is found
/// is a failure.
fn dependencies(notes: &mut Vec<String>) -> Outcome {
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

/// Installing takes minutes, so only a CI machine does it unasked.
fn have_cargo_deny() -> bool {
    let present = || works(&mut cargo(&["deny", "--version"]));
    let on_ci = std::env::var_os("CI").is_some_and(|value| value == "true");
    if present() || !on_ci {
        return present();
    }
    process::run(&mut cargo(&["install", "--locked", "cargo-deny", "--version", CARGO_DENY])).is_ok()
        && present()
}
