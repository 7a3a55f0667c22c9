//! What there is to do with apps.

use super::{
    super::{
        failure::Failure,
        remote::{PageArgs, Session},
    },
    add::{self, AddArgs},
    install::{self, InstallArgs, UninstallArgs},
    list,
    logs::{self, LogsArgs},
    start,
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
    /// Make new secrets for an app; the old ones work for 24 hours more
    Secret {
        /// Its name
        name: String,
        /// Make new ones: secrets are kept sealed and cannot be shown again
        #[arg(long, required = true)]
        rotate: bool,
    },
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
        AppCommand::Secret { name, .. } => add::rotate(name, session),
        AppCommand::Install(args) => install::install(args, session),
        AppCommand::Start { name } => start::start(name, session),
        AppCommand::Stop { name } => start::stop(name, session),
        AppCommand::Logs(args) => logs::logs(args, session, terminal),
        AppCommand::Uninstall(args) => install::uninstall(args, session, terminal),
    }
}
