//! What there is to do with apps.

use super::{
    super::{
        failure::Failure,
        remote::{PageArgs, Session},
    },
    add::{self, AddArgs, SecretArgs},
    install::{self, InstallArgs, UninstallArgs},
    list,
    logs::{self, LogsArgs},
    remove, start,
};
use crate::terminal::Terminal;

/// What to do with apps.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum AppCommand {
    /// List the apps, and which of the installed ones run
    List(PageArgs),
    /// Show one app with its hooks
    Show {
        /// Its name
        name: String,
    },
    /// Add an app that runs elsewhere; its secrets are shown once
    Add(AddArgs),
    /// Show the secrets of an app that the server made and nobody has seen yet, or make new ones
    Secret(SecretArgs),
    /// Install the app of a directory, which the server then starts when it is needed
    Install(InstallArgs),
    /// Start an installed app now and wait until it listens
    Start {
        /// Its name
        name: String,
    },
    /// Stop an installed app; the next event for it starts it again
    Stop {
        /// Its name
        name: String,
    },
    /// Show what an installed app wrote
    Logs(LogsArgs),
    /// Stop an installed app and remove it with its hooks; its directory stays
    Uninstall(UninstallArgs),
    /// Remove an app with its hooks, links and secrets
    #[command(visible_alias = "delete")]
    Remove(UninstallArgs),
}

/// Runs it. What goes on without an end, and questions, use `terminal`; the text is what is to be printed at last.
///
/// # Errors
/// When the server cannot be reached or says no.
pub fn run(command: &AppCommand, session: &Session, terminal: &mut Terminal) -> Result<String, Failure> {
    match command {
        AppCommand::List(page) => list::list(page, session),
        AppCommand::Show { name } => list::show(name, session),
        AppCommand::Add(args) => add::add(args, session),
        AppCommand::Secret(args) => add::secret(args, session),
        AppCommand::Install(args) => install::install(args, session),
        AppCommand::Start { name } => start::start(name, session),
        AppCommand::Stop { name } => start::stop(name, session),
        AppCommand::Logs(args) => logs::logs(args, session, terminal),
        AppCommand::Uninstall(args) => install::uninstall(args, session, terminal),
        AppCommand::Remove(args) => remove::remove(args, session, terminal),
    }
}
