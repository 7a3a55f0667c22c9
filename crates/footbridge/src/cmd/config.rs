//! The commands `footbridge config check|print`.

use std::path::PathBuf;

use super::failure::Failure;
use crate::config::{self, Config, LoadArgs, env::Env, print};

/// The verbs of `footbridge config`.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum ConfigCommand {
    /// Check a configuration file; exit code 0 if it is valid, else 1 and each problem with file, line and key
    Check {
        /// The configuration file to check
        file: PathBuf,
    },
    /// Print the configuration that results from a file and the environment, with secrets as …
    Print {
        /// The configuration file; without one, the defaults are printed
        file: Option<PathBuf>,
    },
}

/// Runs the command. Returns its output, and the warnings for standard error.
///
/// # Errors
/// The file cannot be read, or the configuration is wrong.
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
