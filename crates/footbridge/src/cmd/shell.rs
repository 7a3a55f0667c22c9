//! `footbridge completion SHELL` and `footbridge man`: what a package of the program carries besides it.

use std::path::PathBuf;

use clap_mangen::Man;

use super::failure::Failure;

/// `footbridge completion`
#[derive(Debug, Clone, clap::Args)]
pub struct CompletionArgs {
    /// For which shell
    shell: clap_complete::Shell,
}

/// `footbridge man`
#[derive(Debug, Clone, clap::Args)]
pub struct ManArgs {
    /// Write a page for the program and for each of its commands into this folder
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// The script that completes `program` in a shell.
pub fn completion(args: &CompletionArgs, mut program: clap::Command) -> String {
    let mut script = Vec::new();
    let name = program.get_name().to_owned();
    clap_complete::generate(args.shell, &mut program, name, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// The manual page of `program`, or what was written.
///
/// # Errors
/// When a page cannot be written.
pub fn man(args: &ManArgs, program: clap::Command) -> Result<String, Failure> {
    let Some(dir) = &args.dir else {
        let mut page = Vec::new();
        // Into memory: this cannot fail.
        Man::new(program).render(&mut page).map_err(|error| Failure::other(error.to_string()))?;
        return Ok(String::from_utf8_lossy(&page).into_owned());
    };
    let unwritable = |error: std::io::Error| {
        Failure::other(format!("the manual pages cannot be written to {}: {error}", dir.display()))
    };
    std::fs::create_dir_all(dir).map_err(unwritable)?;
    clap_mangen::generate_to(program, dir).map_err(unwritable)?;
    Ok(format!("the manual pages are in {}\n", dir.display()))
}
