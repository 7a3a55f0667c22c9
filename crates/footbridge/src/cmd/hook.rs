//! `footbridge hook list|show|add|set|enable|disable|remove`

use footbridge_api::{Hook, HookPatch, List, MadeHook, NewHook};

use super::{
    failure::Failure,
    remote::{PageArgs, Session, body, more, pairs},
};
use crate::{
    client::Call,
    table::{Table, lines, yes_no},
};

/// What to do with hooks.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum HookCommand {
    /// List the hooks
    List {
        /// Only those of this app
        #[arg(long)]
        app: Option<String>,
        /// Which page
        #[command(flatten)]
        page: PageArgs,
    },
    /// Show one hook
    Show {
        /// Its id
        id: String,
    },
    /// Send an app the events that a pattern matches
    Add(AddArgs),
    /// Change where a hook leads; it keeps its id, and what waits for it goes there
    Set(SetArgs),
    /// Let a hook take events again, also after its receiver answered 410
    Enable {
        /// Its id
        id: String,
    },
    /// Let a hook take no events for now; what is pending waits
    Disable {
        /// Its id
        id: String,
    },
    /// Remove a hook; its pending deliveries are cancelled
    #[command(visible_alias = "delete")]
    Remove {
        /// Its id
        id: String,
    },
}

/// A new hook.
#[derive(Debug, Clone, clap::Args)]
pub struct AddArgs {
    /// Whose hook it is
    app: String,
    /// Which events: photo-saved, camera/photo-saved, camera/* or *
    pattern: String,
    /// Where to: a path of the app's url, or a URL with --type web
    #[arg(required_unless_present = "named_route")]
    route: Option<String>,
    /// The same as the argument ROUTE
    #[arg(long = "route", value_name = "ROUTE", conflicts_with = "route")]
    named_route: Option<String>,
    /// How the route is read: server, web or router
    #[arg(long = "type", value_name = "TYPE", default_value = "server")]
    kind: String,
}

/// A change of a hook.
#[derive(Debug, Clone, clap::Args)]
pub struct SetArgs {
    /// Its id
    id: String,
    #[command(flatten)]
    change: ChangeArgs,
}

/// What may be changed: at least one of these.
#[derive(Debug, Clone, clap::Args)]
#[group(required = true, multiple = true)]
struct ChangeArgs {
    /// Where its events go from now on
    #[arg(long)]
    route: Option<String>,
    /// How the route is read: server, web or router
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// Whether its receiver must answer: required or optional
    #[arg(long, value_name = "RULE")]
    answer: Option<String>,
    /// The most deliveries in flight, 1 to 64
    #[arg(long, value_name = "N")]
    in_flight: Option<u8>,
    /// Deliver strictly in the order of acceptance: true or false
    #[arg(long, value_name = "BOOL")]
    ordered: Option<bool>,
}

/// Runs it.
///
/// # Errors
/// When the server cannot be reached or says no.
pub fn run(command: &HookCommand, session: &Session) -> Result<String, Failure> {
    match command {
        HookCommand::List { app, page } => list(app.as_deref(), page, session),
        HookCommand::Show { id } => {
            session.get(&Call { path: &["hooks", id], ..Call::default() }, |hook: &Hook| lines(hook))
        }
        HookCommand::Add(args) => {
            let route = args.route.clone().or_else(|| args.named_route.clone()).unwrap_or_default();
            let (app, pattern, kind) = (args.app.clone(), args.pattern.clone(), args.kind.clone());
            let new = NewHook { app, pattern, route, kind };
            let call = Call { path: &["hooks"], body: body(&new), ..Call::default() };
            session.post(&call, |hook: &MadeHook| lines(hook))
        }
        HookCommand::Set(args) => {
            let ChangeArgs { route, kind, answer, in_flight, ordered } = args.change.clone();
            change(&args.id, &HookPatch { enabled: None, route, kind, answer, in_flight, ordered }, session)
        }
        HookCommand::Enable { id } => {
            change(id, &HookPatch { enabled: Some(true), ..HookPatch::default() }, session)
        }
        HookCommand::Disable { id } => {
            change(id, &HookPatch { enabled: Some(false), ..HookPatch::default() }, session)
        }
        HookCommand::Remove { id } => {
            session.delete(&Call { path: &["hooks", id], ..Call::default() }, &format!("{id} is removed\n"))
        }
    }
}

fn change(id: &str, patch: &HookPatch, session: &Session) -> Result<String, Failure> {
    let call = Call { path: &["hooks", id], body: body(patch), ..Call::default() };
    session.patch(&call, |hook: &Hook| lines(hook))
}

fn list(app: Option<&str>, page: &PageArgs, session: &Session) -> Result<String, Failure> {
    let query: Vec<_> = page.query().chain(app.map(|app| ("app", app.to_owned()))).collect();
    let call = Call { path: &["hooks"], query: &pairs(&query), ..Call::default() };
    let mut empty = false;
    let shown = session.get(&call, |list: &List<Hook>| {
        empty = list.data.is_empty();
        table(list)
    })?;
    let unknown = if empty { session.unknown_app(app)? } else { None };
    Ok(unknown.unwrap_or(shown))
}

fn table(list: &List<Hook>) -> String {
    let mut table = Table::new(["ID", "APP", "PUBLISHER", "EVENT", "TYPE", "ROUTE", "TRANSIENT", "ENABLED"]);
    for hook in &list.data {
        let Hook { id, app, publisher, event, kind, route, transient, enabled, .. } = hook.clone();
        table.row([id, app, publisher, event, kind, route, yes_no(transient), yes_no(enabled)]);
    }
    table.or("no hooks yet; add one with `footbridge hook add APP PATTERN ROUTE`")
        + &more(list.next.as_deref())
}
