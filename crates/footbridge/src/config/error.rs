//! Problems of a configuration, with their places.

use std::{fmt, io, path::PathBuf};

/// The place where a value was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A line of the file, counted from 1.
    Line(usize),
    /// An environment variable, by name.
    Env(String),
    /// An option of the command line.
    Flag(&'static str),
    /// No source sets the value.
    Default,
}

/// One error or warning about the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The place of the value.
    pub origin: Origin,
    /// The key with its table, such as `bridge.timeout`; empty if there is no key.
    pub key: String,
    /// The mistake and the way to correct it. Never contains a secret.
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

    /// Returns the problem as one line: `FILE:LINE: KEY: MESSAGE`.
    pub fn line<'a>(&'a self, file: &'a str) -> impl fmt::Display + 'a {
        fmt::from_fn(move |f| self.write(file, f))
    }
}

/// Reason why the configuration cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The system refused to read the file.
    #[error("cannot read the configuration file {}: {source}", path.display())]
    Unreadable {
        /// The path of the file.
        path: PathBuf,
        source: io::Error,
    },
    /// The sources have errors.
    #[error("{}", fmt::from_fn(|f| write_all(file, problems, f)))]
    Invalid {
        /// The path of the file, or `defaults` without a file.
        file: String,
        /// At least one problem; all are in the order of the file.
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
