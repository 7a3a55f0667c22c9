//! `footbridge app install|uninstall`

use std::path::{Component, Path, PathBuf};

use footbridge_api::Hook;
use serde_json::{Value, json};

use super::{
    super::{failure::Failure, remote::Session},
    bolt, overview,
};
use crate::{
    table::{Table, cell, plain, warnings},
    terminal::Terminal,
};

/// What to install.
#[derive(Debug, Clone, clap::Args)]
pub struct InstallArgs {
    /// The directory with the app's package.json, on the server's machine
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Install an app anew that is installed already; deliveries of hooks that are gone are cancelled
    #[arg(long)]
    replace: bool,
}

/// What to remove.
#[derive(Debug, Clone, clap::Args)]
pub struct UninstallArgs {
    /// Its name
    pub(super) name: String,
    /// Do not ask; needed where there is no terminal
    #[arg(long, short)]
    yes: bool,
}

pub(super) fn install(args: &InstallArgs, session: &Session) -> Result<String, Failure> {
    let path = absolute(&args.directory)?;
    let mut body = json!({"path": path});
    if let (Some(body), true) = (body.as_object_mut(), args.replace) {
        body.insert("replace".to_owned(), json!(true));
    }
    let answer = session.send(&bolt::call(&["apps", "local"], Some(body)))?;
    if session.json() {
        return session.show(&answer, |_: &Value| String::new());
    }
    let app = &answer.json;
    let name = cell(app, "name");
    let hooks = overview::hooks(&name, session)?;
    Ok(installed(app, &name, &path, &hooks) + &next_steps(app, &name, session))
}

pub(super) fn uninstall(
    args: &UninstallArgs,
    session: &Session,
    terminal: &mut Terminal,
) -> Result<String, Failure> {
    let name = &args.name;
    let question =
        format!("Stop {name} and remove it with its hooks? What is pending for them is cancelled.");
    args.confirm(&question, "stays installed", terminal)?;
    let path = ["apps", name.as_str()];
    session
        .delete(&bolt::call(&path, None), &format!("{name} is uninstalled; its directory is left as it is\n"))
}

impl UninstallArgs {
    /// Asks whether it is meant, unless that was said.
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
                "nobody can be asked here whether {name} is to be removed; give --yes"
            )));
        }
        if terminal.confirm(question) { Ok(()) } else { Err(Failure::other(format!("{name} {stays}"))) }
    }
}

/// The server knows nothing of where this command runs.
fn absolute(directory: &Path) -> Result<String, Failure> {
    let cannot = |why: &dyn std::fmt::Display| {
        Failure::other(format!("cannot tell what directory {} is: {why}", directory.display()))
    };
    let climbs = directory.components().any(|part| part == Component::ParentDir);
    // A symlink is kept, so that it may be turned to another release later; only behind `..` it would lead astray.
    let path = if climbs { std::fs::canonicalize(directory) } else { std::path::absolute(directory) };
    let path = path.map_err(|error| cannot(&error))?;
    let text = path.to_str().ok_or_else(|| cannot(&"its name is not UTF-8"))?;
    Ok(if text.len() > 1 { text.trim_end_matches('/').to_owned() } else { text.to_owned() })
}

fn installed(app: &Value, name: &str, path: &str, hooks: &[Hook]) -> String {
    let anew = if app.get("replaced").and_then(Value::as_bool) == Some(true) { " anew" } else { "" };
    let version = app.get("version").and_then(Value::as_str).unwrap_or_default();
    let what = plain(format!("{name} {version}").trim_end());
    let mut text = format!("{what} is installed{anew} from {}\n", plain(path));
    let mut part = |table: &Table| {
        if !table.is_empty() {
            text += "\n";
            text += &table.or("");
        }
    };
    part(&overview::hook_table(hooks));
    part(&overview::router_table(app));
    part(&overview::function_table(app));
    text + &warnings(app.get("warnings"))
}

fn next_steps(app: &Value, name: &str, session: &Session) -> String {
    if !overview::has_server(app) {
        return String::new();
    }
    format!("\nIt starts when an event or a visitor needs it: {}\n", bolt::public(session, name))
}
