//! `footbridge config check|print`

use std::path::PathBuf;

use super::failure::Failure;
use crate::config::{self, Config, LoadArgs, env::Env, print};

/// What to do with a configuration file.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum ConfigCommand {
    /// Check a file; exit code 0 when it is fine, else 1 and what is wrong, with file, line and key
    Check {
        /// The configuration file
        file: PathBuf,
    },
    /// Show what a file and the environment come to, with secrets as …
    Print {
        /// The configuration file; the defaults without one
        file: Option<PathBuf>,
    },
}

/// Runs it. Warnings come as lines for standard error.
///
/// # Errors
/// When the file does not make a configuration.
pub fn run(command: &ConfigCommand, env: &Env, cores: usize) -> Result<(String, Vec<String>), Failure> {
    let load = |file: Option<PathBuf>| -> Result<Config, Failure> {
        Ok(config::load(&LoadArgs { file, env: env.clone(), cores, ..LoadArgs::default() })?)
    };
    match command {
        ConfigCommand::Check { file } => {
            let mut config = load(Some(file.clone()))?;
            config.warnings.append(&mut config.hints);
            Ok((format!("{}: ok\n", file.display()), config.warnings))
        }
        ConfigCommand::Print { file } => {
            let config = load(file.clone())?;
            Ok((print::print(&config), config.warnings))
        }
    }
}
