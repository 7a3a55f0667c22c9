//! The commands `footbridge app install|uninstall`.

use std::path::{Component, Path, PathBuf};

use footbridge_api::{Hook, Install, Installed};
use serde::de::IgnoredAny;

use super::{
    super::{
        failure::Failure,
        remote::{Session, body},
    },
    bolt, overview,
};
use crate::{
    table::{Table, plain, warning_lines},
    terminal::Terminal,
};

/// The app to install.
#[derive(Debug, Clone, clap::Args)]
pub struct InstallArgs {
    /// The directory with the app's package.json, on the server's machine
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Replace the app if it is installed already; pending deliveries of hooks that it no longer has are cancelled
    #[arg(long)]
    replace: bool,
}

/// The app to remove.
#[derive(Debug, Clone, clap::Args)]
pub struct UninstallArgs {
    /// The name of the app
    pub(super) name: String,
    /// Do not ask for confirmation; required without a terminal
    #[arg(long, short)]
    yes: bool,
}

pub(super) fn install(args: &InstallArgs, session: &Session) -> Result<String, Failure> {
    let path = absolute(&args.directory)?;
    let request = Install { path: path.clone(), replace: args.replace };
    let answer = session.send(&bolt::call(&["apps", "local"], body(&request)))?;
    if session.json() {
        return session.show(&answer, |_: &IgnoredAny| String::new());
    }
    let installed: Installed = session.client().parse(&answer)?;
    let hooks = overview::hooks(&installed.app.name, session)?;
    Ok(report(&installed, &path, &hooks) + &next_steps(&installed, session))
}

pub(super) fn uninstall(
    args: &UninstallArgs,
    session: &Session,
    terminal: &mut Terminal,
) -> Result<String, Failure> {
    let name = &args.name;
    let question =
        format!("Stop {name} and remove it with its hooks? Pending deliveries to them are cancelled.");
    args.confirm(&question, "is not removed", terminal)?;
    let path = ["apps", name.as_str()];
    session
        .delete(&bolt::call(&path, None), &format!("{name} is uninstalled; its directory is left as it is\n"))
}

impl UninstallArgs {
    /// Asks for confirmation, unless `--yes` was given.
    pub(super) fn confirm(
        &self,
        question: &str,
        stays: &str,
        terminal: &mut Terminal,
    ) -> Result<(), Failure> {
        let name = &self.name;
        if self.yes {
            return Ok(());
        }
        if !terminal.asks {
            return Err(Failure::other(format!(
                "there is no terminal to confirm the removal of {name}; give --yes"
            )));
        }
        if terminal.confirm(question) { Ok(()) } else { Err(Failure::other(format!("{name} {stays}"))) }
    }
}

/// Returns the absolute path of the directory: the server does not know where this command runs.
fn absolute(directory: &Path) -> Result<String, Failure> {
    let cannot = |why: &dyn std::fmt::Display| {
        Failure::other(format!("cannot find the directory {}: {why}", directory.display()))
    };
    let climbs = directory.components().any(|part| part == Component::ParentDir);
    // A symlink is not followed, so that it can point to another release later. A `..` behind a symlink needs the real
    // path.
    let path = if climbs { std::fs::canonicalize(directory) } else { std::path::absolute(directory) };
    let path = path.map_err(|error| cannot(&error))?;
    let text = path.to_str().ok_or_else(|| cannot(&"its name is not UTF-8"))?;
    Ok(if text.len() > 1 { text.trim_end_matches('/').to_owned() } else { text.to_owned() })
}

fn report(installed: &Installed, path: &str, hooks: &[Hook]) -> String {
    let app = &installed.app;
    let verb = if installed.replaced { "is reinstalled" } else { "is installed" };
    let version = app.version.as_deref().unwrap_or_default();
    let title = plain(format!("{} {version}", app.name).trim_end());
    let mut text = format!("{title} {verb} from {}\n", plain(path));
    let mut part = |table: &Table| {
        if !table.is_empty() {
            text += "\n";
            text += &table.or("");
        }
    };
    part(&overview::hook_table(hooks));
    part(&overview::router_table(app));
    part(&overview::function_table(app));
    text + &warning_lines(installed.warnings.iter().map(String::as_str))
}

fn next_steps(installed: &Installed, session: &Session) -> String {
    if !overview::has_pages(&installed.app) {
        return String::new();
    }
    let url = bolt::public_url(session, &installed.app.name);
    format!("\nIt starts when an event or a visitor needs it: {url}\n")
}
