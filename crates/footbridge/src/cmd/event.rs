//! The commands `footbridge event list|show|publish`.

use footbridge_api::{Delivery, Event, EventDetail, SearchedList};

use super::{
    delivery,
    failure::Failure,
    publish::{self, PublishArgs},
    remote::{PageArgs, Session, pairs},
    search_args::{SearchArgs, TimeArgs, rest},
    story,
    tail::{self, TailArgs},
};
use crate::{
    client::Call,
    config::env::Env,
    table::{Table, lines},
    terminal::Terminal,
};

/// The verbs of `footbridge event`.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum EventCommand {
    /// List events, newest first
    List {
        /// Only events of this publisher
        #[arg(long, value_name = "APP")]
        publisher: Option<String>,
        /// Only events with this name
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        search: SearchArgs,
        #[command(flatten)]
        time: TimeArgs,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Show one event and its deliveries
    Show {
        /// The id of the event
        id: String,
    },
    /// Tell what became of an event, step by step: who got it, who did not, and what to do
    Story {
        /// The id of the event
        id: String,
    },
    /// Explain for each hook what became of an event, then and now
    Explain {
        /// The id of the event
        id: String,
        /// Only hooks of this app
        #[arg(long)]
        app: Option<String>,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Follow what happens: events, attempts and exchanges, until Ctrl-C
    Tail(TailArgs),
    /// Publish an event as an app
    Publish(PublishArgs),
}

/// Runs the command and returns its output.
///
/// # Errors
/// The server cannot be reached, or it refuses the request.
pub fn run(
    command: &EventCommand,
    session: &Session,
    env: &Env,
    terminal: &mut Terminal,
) -> Result<String, Failure> {
    match command {
        EventCommand::List { publisher, name, search, time, page } => {
            let named = publisher.as_deref();
            let publisher = publisher.clone().map(|publisher| ("publisher", publisher));
            let name = name.clone().map(|name| ("name", name));
            let filter = publisher.into_iter().chain(name).chain(search.query()).chain(time.query());
            list(&filter.chain(page.query()).collect::<Vec<_>>(), named, session)
        }
        EventCommand::Show { id } => {
            let call = Call { path: &["events", id], ..Call::default() };
            let event = session.get(&call, |event: &EventDetail| lines(event))?;
            let query = [("event", Some(id.as_str()))];
            let call = Call { path: &["deliveries"], query: &query, ..Call::default() };
            let table = |list: &SearchedList<Delivery>| format!("\n{}", delivery::table(list));
            Ok(event + &session.fetch_for_people(&call, table)?)
        }
        EventCommand::Story { id } => story::of_event(id, session),
        EventCommand::Explain { id, app, page } => story::explain(id, app.as_deref(), page, session),
        EventCommand::Tail(args) => tail::run(args, session, terminal),
        EventCommand::Publish(args) => publish::run(args, session, env),
    }
}

fn list(
    query: &[(&'static str, String)],
    publisher: Option<&str>,
    session: &Session,
) -> Result<String, Failure> {
    let call = Call { path: &["events"], query: &pairs(query), ..Call::default() };
    session.list(
        &call,
        publisher,
        |list: &SearchedList<Event>| list.data.is_empty(),
        |list| {
            let mut table = Table::new(["ID", "PUBLISHER", "NAME", "TIME", "DELIVERIES"]);
            for event in &list.data {
                let Event { id, name, publisher, time, deliveries, .. } = event.clone();
                table.row([id, publisher, name, time, deliveries.to_string()]);
            }
            table.or("no events") + &rest(list)
        },
    )
}
