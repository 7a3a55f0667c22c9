//! The command `footbridge app remove`.

use super::{
    super::{failure::Failure, remote::Session},
    install::{self, UninstallArgs},
};
use crate::{client::Call, client::error::ClientError, terminal::Terminal};
use footbridge_api::{App, ManagedBy};

/// Removes an app, installed or not.
pub(super) fn remove(
    args: &UninstallArgs,
    session: &Session,
    terminal: &mut Terminal,
) -> Result<String, Failure> {
    let name = args.name.as_str();
    let call = Call { path: &["apps", name], ..Call::default() };
    if let Some(unknown) = session.unknown_app(Some(name))? {
        return Err(Failure::other(unknown.trim_end()));
    }
    let app: App = session.fetch(&call)?;
    if app.managed_by == ManagedBy::Package {
        return install::uninstall(args, session, terminal);
    }
    let question = format!(
        "Remove {name} with its hooks, links and secrets? Pending deliveries to its hooks are cancelled."
    );
    args.confirm(&question, "is not removed", terminal)?;
    match session.delete(&call, &format!("{name} is removed\n")) {
        Err(Failure::Client(ClientError::Refused { code: Some(code), .. })) if code == "managed_by_file" => {
            Err(Failure::other(format!(
                "{name} is in the server's configuration file: delete it there, restart the server, \
                 and then run `footbridge app remove {name}`"
            )))
        }
        done => done,
    }
}
