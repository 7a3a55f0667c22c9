//! The commands `footbridge app add|secret`.

use footbridge_api::{App, MadeApp, NewApp, Rotate, Rotated, ShownSecrets};

use super::{
    super::{
        failure::Failure,
        remote::{Session, body},
    },
    shown_once,
};
use crate::{
    client::Call,
    table::{lines, plain},
};

/// Arguments of `footbridge app add`.
#[derive(Debug, Clone, clap::Args)]
pub struct AppAddArgs {
    /// The name of the app: 1 to 64 ASCII letters, digits, ".", "_" and "-"
    name: String,
    /// The URL at which the app runs; `server` hooks lead below it
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// The URL that gets exchanges for the app
    #[arg(long, value_name = "URL")]
    receiver_url: Option<String>,
    /// The URL of the page that a host embeds
    #[arg(long, value_name = "URL")]
    miniapp_url: Option<String>,
    /// The scheme of the Authorization header that the app sends
    #[arg(long, value_name = "WORD")]
    token_prefix: Option<String>,
}

pub(super) fn add(args: &AppAddArgs, session: &Session) -> Result<String, Failure> {
    let AppAddArgs { name, url, receiver_url, miniapp_url, token_prefix } = args.clone();
    let new = NewApp { name, url, receiver_url, miniapp_url, token_prefix, ..NewApp::default() };
    let call = Call { path: &["apps"], body: body(&new), ..Call::default() };
    shown_once::show(&args.name, || {
        session.post(&call, |app: &MadeApp| lines(app) + "\nThe secrets are shown only this once.\n")
    })
}

/// Arguments of `footbridge app secret`.
#[derive(Debug, Clone, clap::Args)]
pub struct SecretArgs {
    /// The name of the app
    name: String,
    /// Generate new secrets; the old ones work for 24 more hours
    #[arg(long)]
    rotate: bool,
    /// Revoke the old secrets at once: with --rotate those that are replaced, else those of an earlier rotation
    #[arg(long)]
    now: bool,
}

pub(super) fn secret(args: &SecretArgs, session: &Session) -> Result<String, Failure> {
    let name = args.name.as_str();
    match (args.rotate, args.now) {
        (true, now) => rotate(name, now, session),
        (false, true) => {
            let call = Call { path: &["apps", name, "end-overlap"], ..Call::default() };
            session.post(&call, |app: &App| format!("only the newest secrets of {} work now\n", app.name))
        }
        (false, false) => {
            let call = Call { path: &["apps", name, "secrets"], ..Call::default() };
            let human = |shown: &ShownSecrets| lines(shown) + "\nThe secrets are shown only this once.\n";
            shown_once::show(name, || session.post(&call, human))
        }
    }
}

fn rotate(name: &str, now: bool, session: &Session) -> Result<String, Failure> {
    let rotate = Rotate { secrets: None, now: Some(now).filter(|now| *now) };
    let call = Call { path: &["apps", name, "rotate"], body: body(&rotate), ..Call::default() };
    let human = |rotated: &Rotated| {
        let note = plain(&rotated.note);
        let shown = ShownSecrets { name: rotated.name.clone(), made: rotated.made.clone() };
        lines(&shown) + &format!("\nThe secrets are shown only this once. {note}\n")
    };
    shown_once::show(name, || session.post(&call, human))
}
