//! The figures, as a table to read and as JSON to keep.

use crate::Outcome;
use crate::machine::{Quiet, about};
use crate::stats::Spread;
use serde::Serialize;
use std::fmt;
use std::path::Path;

/// What a median must keep to.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Bar {
    AtLeast(f64),
    AtMost(f64),
}

/// One line of the table.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    name: String,
    unit: &'static str,
    values: Vec<f64>,
    spread: Option<Spread>,
    bar: Option<Bar>,
    passed: Option<bool>,
}

/// What one bench found.
#[derive(Debug, Serialize)]
pub(crate) struct Section {
    name: &'static str,
    about: String,
    lines: Vec<Line>,
    notes: Vec<String>,
    /// The largest share of a core that others used in a turn.
    foreign_cpu: f64,
}

/// Everything a run found.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    program: String,
    machine: String,
    sections: Vec<Section>,
}

impl Bar {
    fn holds(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::AtMost(most) => value <= most,
        }
    }
}

impl fmt::Display for Bar {
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

    /// A figure that is only told.
    pub(crate) fn line(&mut self, name: impl Into<String>, unit: &'static str, values: &[f64]) {
        self.put(name.into(), unit, values, None);
    }

    /// A figure that must keep to a bar.
    pub(crate) fn judged(&mut self, name: impl Into<String>, unit: &'static str, values: &[f64], bar: Bar) {
        self.put(name.into(), unit, values, Some(bar));
    }

    fn put(&mut self, name: String, unit: &'static str, values: &[f64], bar: Option<Bar>) {
        let spread = Spread::of(values);
        let passed = bar.map(|bar| spread.is_some_and(|spread| bar.holds(spread.median)));
        self.lines.push(Line { name, unit, values: values.to_vec(), spread, bar, passed });
    }

    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Says how quiet the machine was.
    pub(crate) fn noise(&mut self, quiet: &Quiet) {
        self.foreign_cpu = quiet.end();
        if Quiet::is_busy(self.foreign_cpu) {
            let percent = self.foreign_cpu * 100.0;
            self.note(format!(
                "NOT QUIET: others used up to {percent:.0} % of a core in a turn; judge nothing by this"
            ));
        }
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{}: {}", self.name, self.about)?;
        for line in &self.lines {
            let spread = line.spread.map_or_else(|| "-".to_owned(), shown);
            let bar = line.bar.map(|bar| bar.to_string()).unwrap_or_default();
            let verdict = line.passed.map_or("", |passed| if passed { "pass" } else { "FAIL" });
            writeln!(f, "  {:<46} {spread:<28} {:<8} {bar:<9} {verdict}", line.name, line.unit)?;
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

/// Three digits that matter, about.
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

    /// What is measured, and on what.
    pub(crate) fn head(&self) -> String {
        format!("{}\non {}; median (min–max)", self.program, self.machine)
    }

    pub(crate) fn add(&mut self, section: Section) {
        self.sections.push(section);
    }

    /// Whether every bar was kept to.
    pub(crate) fn passed(&self) -> bool {
        self.sections.iter().flat_map(|section| &section.lines).all(|line| line.passed != Some(false))
    }

    pub(crate) fn save(&self, file: &Path) -> Outcome<()> {
        let text = serde_json::to_string_pretty(self).map_err(|e| e.to_string())?;
        std::fs::write(file, text).map_err(|e| format!("cannot write {}: {e}", file.display()))
    }
}
