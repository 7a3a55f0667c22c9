//! The commands `footbridge hook list|show|add|set|enable|disable|test|remove`.

use footbridge_api::{Hook, HookPatch, List, MadeHook, NewHook};

use super::{
    failure::Failure,
    receiver::{self, BodyArgs},
    remote::{PageArgs, Session, body, more, pairs},
};
use crate::{
    client::Call,
    table::{Table, lines, yes_no},
};

/// The verbs of `footbridge hook`.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum HookCommand {
    /// List hooks with their routes
    List {
        /// Only hooks of this app
        #[arg(long)]
        app: Option<String>,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Show one hook with its options
    Show {
        /// The id of the hook
        id: String,
    },
    /// Add a hook: an app gets the events that match a pattern
    Add(HookAddArgs),
    /// Change a hook; its id stays, and pending deliveries use the new route
    Set(SetArgs),
    /// Enable a hook again, also one that was disabled because its receiver answered 410
    Enable {
        /// The id of the hook
        id: String,
    },
    /// Disable a hook: it gets no new events, and its pending deliveries wait
    Disable {
        /// The id of the hook
        id: String,
    },
    /// Send one test request to a hook, and show what happened; nothing is stored
    Test {
        /// The id of the hook
        id: String,
        #[command(flatten)]
        body: BodyArgs,
    },
    /// Remove a hook; its pending deliveries are cancelled
    #[command(visible_alias = "delete")]
    Remove {
        /// The id of the hook
        id: String,
    },
}

/// Arguments of `footbridge hook add`.
#[derive(Debug, Clone, clap::Args)]
pub struct HookAddArgs {
    /// The app that gets the events
    app: String,
    /// The events: photo-saved, camera/photo-saved, camera/* or *
    pattern: String,
    /// The destination: a path below the app's url, or a URL with --type web
    #[arg(required_unless_present = "named_route")]
    route: Option<String>,
    /// The same as the argument ROUTE
    #[arg(long = "route", value_name = "ROUTE", conflicts_with = "route")]
    named_route: Option<String>,
    /// How the route is read: server, web or router
    #[arg(long = "type", value_name = "TYPE", default_value = "server")]
    kind: String,
}

/// Arguments of `footbridge hook set`.
#[derive(Debug, Clone, clap::Args)]
pub struct SetArgs {
    /// The id of the hook
    id: String,
    #[command(flatten)]
    change: ChangeArgs,
}

/// The settings of a hook; a change needs at least one of them.
#[derive(Debug, Clone, clap::Args)]
#[group(required = true, multiple = true)]
struct ChangeArgs {
    /// The new destination of its events
    #[arg(long)]
    route: Option<String>,
    /// How the route is read: server, web or router
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// The rule for the receiver's answer: required or optional
    #[arg(long, value_name = "RULE")]
    answer: Option<String>,
    /// Most deliveries in flight at once, 1 to 64
    #[arg(long, value_name = "N")]
    in_flight: Option<u8>,
    /// Deliver events strictly in the order in which they were accepted: true or false
    #[arg(long, value_name = "BOOL")]
    ordered: Option<bool>,
}

/// Runs the command and returns its output.
///
/// # Errors
/// The server cannot be reached, or it refuses the request.
pub fn run(command: &HookCommand, session: &Session) -> Result<String, Failure> {
    match command {
        HookCommand::List { app, page } => list(app.as_deref(), page, session),
        HookCommand::Show { id } => {
            session.get(&Call { path: &["hooks", id], ..Call::default() }, |hook: &Hook| lines(hook))
        }
        HookCommand::Add(args) => {
            let route = args.route.clone().or_else(|| args.named_route.clone()).unwrap_or_default();
            let (app, pattern, kind) = (args.app.clone(), args.pattern.clone(), args.kind.clone());
            let new = NewHook { app, pattern, route, kind: Some(kind), ..NewHook::default() };
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
        HookCommand::Test { id, body } => receiver::one(&["hooks", id, "test"], body, session),
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
    session.list(&call, app, |list: &List<Hook>| list.data.is_empty(), table)
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
