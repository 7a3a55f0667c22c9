//! `footbridge completion SHELL` and `footbridge man`, for packages of the program.

use std::path::PathBuf;

use clap_mangen::Man;

use super::failure::Failure;

/// Arguments of `footbridge completion`.
#[derive(Debug, Clone, clap::Args)]
pub struct CompletionArgs {
    /// The shell that reads the script
    shell: clap_complete::Shell,
}

/// Arguments of `footbridge man`.
#[derive(Debug, Clone, clap::Args)]
pub struct ManArgs {
    /// Write a page for the program and for each of its commands into this directory
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Returns the script that completes the commands of `program` in a shell.
pub fn completion(args: &CompletionArgs, mut program: clap::Command) -> String {
    let mut script = Vec::new();
    let name = program.get_name().to_owned();
    clap_complete::generate(args.shell, &mut program, name, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// Returns the manual page of `program`, or writes all pages into the directory of the arguments.
///
/// # Errors
/// A page cannot be written.
pub fn man(args: &ManArgs, program: clap::Command) -> Result<String, Failure> {
    let Some(dir) = &args.dir else {
        let mut page = Vec::new();
        // Writing into memory cannot fail.
        Man::new(program).render(&mut page).map_err(|error| Failure::other(error.to_string()))?;
        return Ok(String::from_utf8_lossy(&page).into_owned());
    };
    let unwritable = |error: std::io::Error| {
        Failure::other(format!("cannot write the manual pages to {}: {error}", dir.display()))
    };
    std::fs::create_dir_all(dir).map_err(unwritable)?;
    clap_mangen::generate_to(program, dir).map_err(unwritable)?;
    Ok(format!("the manual pages are in {}\n", dir.display()))
}
