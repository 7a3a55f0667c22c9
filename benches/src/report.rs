//! The figures as a table and as JSON.

use crate::Outcome;
use crate::machine::{Quiet, about};
use crate::stats::Spread;
use serde::Serialize;
use std::fmt;
use std::path::Path;

/// The limit for a median.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Limit {
    AtLeast(f64),
    AtMost(f64),
}

/// One line of the table of figures.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    name: String,
    unit: &'static str,
    values: Vec<f64>,
    spread: Option<Spread>,
    limit: Option<Limit>,
    passed: Option<bool>,
}

/// The figures of one bench.
#[derive(Debug, Serialize)]
pub(crate) struct Section {
    name: &'static str,
    about: String,
    lines: Vec<Line>,
    notes: Vec<String>,
    /// The largest share of a core that other processes used in a turn.
    foreign_cpu: f64,
}

/// The figures of a complete run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    program: String,
    machine: String,
    sections: Vec<Section>,
}

impl Limit {
    fn holds(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::AtMost(most) => value <= most,
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(least) => write!(f, "≥ {}", figure(*least)),
            Self::AtMost(most) => write!(f, "≤ {}", figure(*most)),
        }
    }
}

impl Section {
    pub(crate) const fn new(name: &'static str, about: String) -> Self {
        Self { name, about, lines: Vec::new(), notes: Vec::new(), foreign_cpu: 0.0 }
    }

    /// Adds a figure without a limit.
    pub(crate) fn line(&mut self, name: impl Into<String>, unit: &'static str, values: &[f64]) {
        self.put(name.into(), unit, values, None);
    }

    /// Adds a figure with a limit.
    pub(crate) fn limited(
        &mut self,
        name: impl Into<String>,
        unit: &'static str,
        values: &[f64],
        limit: Limit,
    ) {
        self.put(name.into(), unit, values, Some(limit));
    }

    fn put(&mut self, name: String, unit: &'static str, values: &[f64], limit: Option<Limit>) {
        let spread = Spread::of(values);
        let passed = limit.map(|limit| spread.is_some_and(|spread| limit.holds(spread.median)));
        self.lines.push(Line { name, unit, values: values.to_vec(), spread, limit, passed });
    }

    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Adds a note if the machine was not quiet.
    pub(crate) fn noise(&mut self, quiet: &Quiet) {
        self.foreign_cpu = quiet.end();
        if Quiet::is_busy(self.foreign_cpu) {
            let percent = self.foreign_cpu * 100.0;
            self.note(format!(
                "NOT QUIET: other processes used up to {percent:.0} % of a core in a turn; do not trust these figures"
            ));
        }
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{}: {}", self.name, self.about)?;
        for line in &self.lines {
            let spread = line.spread.map_or_else(|| "-".to_owned(), shown);
            let limit = line.limit.map(|limit| limit.to_string()).unwrap_or_default();
            let verdict = line.passed.map_or("", |passed| if passed { "pass" } else { "FAIL" });
            writeln!(f, "  {:<46} {spread:<28} {:<8} {limit:<9} {verdict}", line.name, line.unit)?;
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "  note: {note}"))
    }
}

fn shown(Spread { median, min, max }: Spread) -> String {
    if min.to_bits() == max.to_bits() {
        figure(median)
    } else {
        format!("{} ({}–{})", figure(median), figure(min), figure(max))
    }
}

/// Returns a figure with about three significant digits.
fn figure(value: f64) -> String {
    match value.abs() {
        ..10.0 => format!("{value:.2}"),
        ..100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

impl Report {
    pub(crate) fn new(program: &Path) -> Self {
        Self { program: program.display().to_string(), machine: about(), sections: Vec::new() }
    }

    /// Returns the measured program and the machine as text.
    pub(crate) fn head(&self) -> String {
        format!("{}\non {}; median (min–max)", self.program, self.machine)
    }

    pub(crate) fn add(&mut self, section: Section) {
        self.sections.push(section);
    }

    /// Returns true if no figure is beyond its limit.
    pub(crate) fn passed(&self) -> bool {
        self.sections.iter().flat_map(|section| &section.lines).all(|line| line.passed != Some(false))
    }

    pub(crate) fn save(&self, file: &Path) -> Outcome<()> {
        let text = serde_json::to_string_pretty(self).map_err(|e| e.to_string())?;
        std::fs::write(file, text).map_err(|e| format!("cannot write {}: {e}", file.display()))
    }
}
