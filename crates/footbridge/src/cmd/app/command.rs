//! The verbs of `footbridge app`.

use super::{
    super::{
        failure::Failure,
        remote::{PageArgs, Session},
    },
    add::{self, AppAddArgs, SecretArgs},
    credentials::{self, EndArgs, ExtendArgs, RotateArgs},
    install::{self, InstallArgs, UninstallArgs},
    list,
    logs::{self, LogsArgs},
    remove, start,
};
use crate::terminal::Terminal;

/// The verbs of `footbridge app`.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum AppCommand {
    /// List apps with their state
    List(PageArgs),
    /// Show one app with its hooks
    Show {
        /// The name of the app
        name: String,
    },
    /// Add an app that runs elsewhere; its secrets are shown only now
    Add(AppAddArgs),
    /// Show the generated secrets of an app, which works once, or generate new ones
    Secret(SecretArgs),
    /// Show the credentials of an app without their values: how often each is used, and the old values that still work
    Credentials {
        /// The name of the app
        name: String,
    },
    /// Generate a new value for one credential of an app; the old value works for a while longer
    Rotate(RotateArgs),
    /// End the overlap of a rotation: the old values stop working at once
    EndOverlap(EndArgs),
    /// Extend the overlap of a rotation: the old values work for a while longer
    ExtendOverlap(ExtendArgs),
    /// Install an app from a directory; the server starts it when an event or a visitor needs it
    Install(InstallArgs),
    /// Start an installed app and wait until it listens
    Start {
        /// The name of the app
        name: String,
    },
    /// Stop an installed app; the next event for it starts it again
    Stop {
        /// The name of the app
        name: String,
    },
    /// Show the output of an installed app
    Logs(LogsArgs),
    /// Stop an installed app and remove it with its hooks; its directory stays
    Uninstall(UninstallArgs),
    /// Remove an app with its hooks, links and secrets
    #[command(visible_alias = "delete")]
    Remove(UninstallArgs),
}

/// Runs the command and returns its output. Questions, and output that has no end, use `terminal`.
///
/// # Errors
/// The server cannot be reached, or it refuses the request.
pub fn run(command: &AppCommand, session: &Session, terminal: &mut Terminal) -> Result<String, Failure> {
    match command {
        AppCommand::List(page) => list::list(page, session),
        AppCommand::Show { name } => list::show(name, session),
        AppCommand::Add(args) => add::add(args, session),
        AppCommand::Secret(args) => add::secret(args, session),
        AppCommand::Credentials { name } => credentials::list(name, session),
        AppCommand::Rotate(args) => credentials::rotate(args, session),
        AppCommand::EndOverlap(args) => credentials::end(args, session),
        AppCommand::ExtendOverlap(args) => credentials::extend(args, session),
        AppCommand::Install(args) => install::install(args, session),
        AppCommand::Start { name } => start::start(name, session),
        AppCommand::Stop { name } => start::stop(name, session),
        AppCommand::Logs(args) => logs::logs(args, session, terminal),
        AppCommand::Uninstall(args) => install::uninstall(args, session, terminal),
        AppCommand::Remove(args) => remove::remove(args, session, terminal),
    }
}
