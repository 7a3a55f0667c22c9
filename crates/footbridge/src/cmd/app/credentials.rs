//! The commands `footbridge app credentials|rotate|end-overlap|extend-overlap`.

use footbridge_api::{
    App, Credential, Credentials, ExtendOverlap, ManagedBy, OldCredential, RotateCredential,
    RotatedCredential, SecretKind,
};

use super::{
    super::{
        failure::Failure,
        remote::{Session, body},
    },
    shown_once,
};
use crate::{
    client::Call,
    table::{Table, or_dash, plain},
};

/// The kind of a credential, as a word of the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    /// The value of X-Bolt-App-Token
    #[value(name = "token")]
    Token,
    /// The second half of Authorization
    #[value(name = "secret_key", alias = "secret-key")]
    SecretKey,
    /// The signing secret of Standard Webhooks
    #[value(name = "signing_secret", alias = "signing-secret")]
    SigningSecret,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::SecretKey => "secret_key",
            Self::SigningSecret => "signing_secret",
        }
    }
}

/// Arguments of `footbridge app rotate`.
#[derive(Debug, Clone, clap::Args)]
pub struct RotateArgs {
    /// The name of the app
    name: String,
    /// The credential that gets a new value
    kind: Kind,
    /// How long the old value works along with the new one: 0, 1h, 24h, at most 7d; with 0, every older value ends too
    #[arg(long, value_name = "DURATION", default_value = "24h")]
    overlap: String,
}

/// Arguments of `footbridge app end-overlap`.
#[derive(Debug, Clone, clap::Args)]
pub struct EndArgs {
    /// The name of the app
    name: String,
    /// The credential; without it, the overlaps of all
    kind: Option<Kind>,
}

/// Arguments of `footbridge app extend-overlap`.
#[derive(Debug, Clone, clap::Args)]
pub struct ExtendArgs {
    /// The name of the app
    name: String,
    /// The credential whose overlap is extended
    kind: Kind,
    /// How long the old values work from now on, at least: at most 7d
    #[arg(long, value_name = "DURATION", default_value = "24h")]
    overlap: String,
}

pub(super) fn list(name: &str, session: &Session) -> Result<String, Failure> {
    session.get(&Call { path: &["apps", name, "credentials"], ..Call::default() }, table)
}

pub(super) fn rotate(args: &RotateArgs, session: &Session) -> Result<String, Failure> {
    let RotateArgs { name, kind, overlap } = args;
    let request = RotateCredential { overlap: Some(overlap.clone()) };
    let path = &["apps", name.as_str(), "credentials", kind.word(), "rotate"];
    let human = |rotated: &RotatedCredential| {
        let old = match &rotated.old_ends_at {
            Some(end) => format!("The old value works until {}.", plain(end)),
            None => "No older value works any more.".to_owned(),
        };
        format!("{}\n\nThe new value is shown only this once. {old}\n", plain(&rotated.value))
    };
    let call = Call { path, body: body(&request), ..Call::default() };
    shown_once::show(name, || session.post(&call, human))
}

pub(super) fn end(args: &EndArgs, session: &Session) -> Result<String, Failure> {
    let name = args.name.as_str();
    let Some(kind) = args.kind else {
        let call = Call { path: &["apps", name, "end-overlap"], ..Call::default() };
        return session
            .post(&call, |app: &App| format!("only the newest secrets of {} work now\n", app.name));
    };
    let path = &["apps", name, "credentials", kind.word(), "end-overlap"];
    session.post(&Call { path, ..Call::default() }, |_: &Credential| {
        format!("only the newest {} of {name} works now\n", kind.word())
    })
}

pub(super) fn extend(args: &ExtendArgs, session: &Session) -> Result<String, Failure> {
    let ExtendArgs { name, kind, overlap } = args;
    let request = ExtendOverlap { overlap: overlap.clone() };
    let path = &["apps", name.as_str(), "credentials", kind.word(), "extend-overlap"];
    session.post(&Call { path, body: body(&request), ..Call::default() }, |credential: &Credential| {
        let line = |old: &OldCredential| {
            let value = old.prefix.as_ref().map(|prefix| format!(" {}…", plain(prefix))).unwrap_or_default();
            format!("the old {}{value} of {name} works until {}\n", kind.word(), plain(&old.ends_at))
        };
        credential.old.iter().map(line).collect::<String>()
    })
}

const fn word(kind: SecretKind) -> &'static str {
    match kind {
        SecretKind::Token => "token",
        SecretKind::SecretKey => "secret_key",
        SecretKind::SigningSecret => "signing_secret",
    }
}

fn table(credentials: &Credentials) -> String {
    let mut table = Table::new(["CREDENTIAL", "VALUE", "USES", "LAST USED", "ENDS"]);
    for one in &credentials.data {
        let hidden = if one.managed_by == ManagedBy::File { "in the file" } else { "-" };
        table.row([
            word(one.kind).to_owned(),
            value(one.prefix.as_deref(), one.sent, hidden),
            or_dash(one.uses),
            minute(one.last_used_at.as_deref()),
            "-".to_owned(),
        ]);
        for old in &one.old {
            table.row([
                "  old".to_owned(),
                value(old.prefix.as_deref(), old.sent, "-"),
                or_dash(old.uses),
                minute(old.last_used_at.as_deref()),
                minute(Some(&old.ends_at)),
            ]);
        }
    }
    let Credentials { client_id, token_prefix, data: _ } = credentials;
    let pair = format!("{token_prefix} base64({client_id}:<secret_key>)");
    format!("client id: {}\nAuthorization: {}\n\n", plain(client_id), plain(&pair)) + &table.or("it has none")
}

/// Returns the beginning of a value, or `hidden`, and whether requests to the app carry it.
fn value(prefix: Option<&str>, sent: bool, hidden: &str) -> String {
    let shown = prefix.map_or_else(|| hidden.to_owned(), |prefix| format!("{prefix}…"));
    if sent { format!("{shown} (sent)") } else { shown }
}

/// Returns a time to the minute, in UTC.
fn minute(time: Option<&str>) -> String {
    or_dash(time.map(|time| time.get(..16).unwrap_or(time).replace('T', " ")))
}
