//! `footbridge app add|secret`

use footbridge_api::{App, MadeApp, NewApp, Rotate, Rotated, ShownSecrets};

use super::super::{
    failure::Failure,
    remote::{Session, body},
};
use crate::{
    client::Call,
    table::{lines, plain},
};

/// A new app.
#[derive(Debug, Clone, clap::Args)]
pub struct AddArgs {
    /// Its name: 1 to 64 ASCII letters, digits, ".", "_" and "-"
    name: String,
    /// Where it is running; `server` hooks go there
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Where exchanges for it go
    #[arg(long, value_name = "URL")]
    receiver_url: Option<String>,
    /// The page that a host embeds
    #[arg(long, value_name = "URL")]
    miniapp_url: Option<String>,
    /// The scheme of its Authorization
    #[arg(long, value_name = "WORD")]
    token_prefix: Option<String>,
}

pub(super) fn add(args: &AddArgs, session: &Session) -> Result<String, Failure> {
    let AddArgs { name, url, receiver_url, miniapp_url, token_prefix } = args.clone();
    let new = NewApp { name, url, receiver_url, miniapp_url, token_prefix };
    let call = Call { path: &["apps"], body: body(&new), ..Call::default() };
    session.post(&call, |app: &MadeApp| lines(app) + "\nThe secrets are shown this once.\n")
}

/// Which secrets, and what to do with them.
#[derive(Debug, Clone, clap::Args)]
pub struct SecretArgs {
    /// Its name
    name: String,
    /// Make new ones; the old ones work for 24 hours more
    #[arg(long)]
    rotate: bool,
    /// End the old ones at once: with --rotate those that are replaced, else those of an earlier rotation
    #[arg(long)]
    now: bool,
}

pub(super) fn secret(args: &SecretArgs, session: &Session) -> Result<String, Failure> {
    let name = args.name.as_str();
    match (args.rotate, args.now) {
        (true, now) => rotate(name, now, session),
        (false, true) => {
            let call = Call { path: &["apps", name, "end-overlap"], ..Call::default() };
            session.post(&call, |app: &App| {
                format!("only the newest secrets of {} work from now on\n", app.name)
            })
        }
        (false, false) => {
            let call = Call { path: &["apps", name, "secrets"], ..Call::default() };
            session.post(&call, |shown: &ShownSecrets| lines(shown) + "\nThe secrets are shown this once.\n")
        }
    }
}

fn rotate(name: &str, now: bool, session: &Session) -> Result<String, Failure> {
    let rotate = Rotate { secrets: None, now: Some(now).filter(|now| *now) };
    let call = Call { path: &["apps", name, "rotate"], body: body(&rotate), ..Call::default() };
    session.post(&call, |rotated: &Rotated| {
        let note = plain(&rotated.note);
        let shown = ShownSecrets { name: rotated.name.clone(), made: rotated.made.clone() };
        lines(&shown) + &format!("\nThe secrets are shown this once. {note}\n")
    })
}
