//! What is wrong with a configuration, and where it was written.

use std::{fmt, io, path::PathBuf};

/// Said of keys that belong to a part which is not there yet.
pub(super) const DOES_NOTHING_YET: &str = "is understood, but does nothing in this version";

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// This line of the file, counted from 1.
    Line(usize),
    /// This environment variable.
    Env(String),
    /// This option on the command line.
    Flag(&'static str),
    /// Nobody wrote it.
    Default,
}

/// One thing that is wrong, or to be warned of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it was written.
    pub origin: Origin,
    /// The key with its table, such as `bridge.timeout`; empty when no key can be told.
    pub key: String,
    /// What is wrong and how to mend it. Never holds a secret.
    pub message: String,
}

impl Problem {
    fn write(&self, file: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Origin::Line(line) => write!(f, "{file}:{line}: ")?,
            Origin::Env(name) => write!(f, "environment variable {name}: ")?,
            Origin::Flag(name) => write!(f, "{name}: ")?,
            Origin::Default => write!(f, "{file}: ")?,
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)
    }

    /// The problem as one line: `FILE:LINE: KEY: MESSAGE`.
    pub fn line<'a>(&'a self, file: &'a str) -> impl fmt::Display + 'a {
        fmt::from_fn(move |f| self.write(file, f))
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration file {}: {source}", path.display())]
    Unreadable {
        /// As it was given.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What was written does not make a configuration.
    #[error("{}", fmt::from_fn(|f| write_all(file, problems, f)))]
    Invalid {
        /// The file as it was given, or a word for there being none.
        file: String,
        /// At least one, in the order of the file.
        problems: Vec<Problem>,
    },
}

fn write_all(file: &str, problems: &[Problem], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (index, problem) in problems.iter().enumerate() {
        if index > 0 {
            f.write_str("\n")?;
        }
        problem.write(file, f)?;
    }
    Ok(())
}
