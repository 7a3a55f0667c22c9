//! `footbridge demo`

use std::process::ExitCode;

use super::{args::DemoArgs, failure::Failure};
use crate::config::env::Env;

/// Runs the demo.
///
/// # Errors
/// When it cannot start or a step fails.
pub fn run(_args: &DemoArgs, _env: &Env, _cores: usize) -> Result<ExitCode, Failure> {
    Err(Failure::other("the demo is not available in this build"))
}
