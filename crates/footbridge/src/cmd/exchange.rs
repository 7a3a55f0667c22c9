//! The commands `footbridge exchange list|send|show`.

use footbridge_api::{ExchangeDetail, ExchangeDirection, SearchedList, SendExchange, SentExchange};

use serde_json::value::{RawValue, to_raw_value};

use super::{
    failure::Failure,
    publish::read_raw,
    remote::{PageArgs, Session, body, pairs},
    search_args::{SearchArgs, TimeArgs, rest},
    story,
};
use crate::{
    client::Call,
    table::{Table, lines, or_dash, show_raw},
};

/// The verbs of `footbridge exchange`.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum ExchangeCommand {
    /// List exchanges, newest first
    List {
        /// Only exchanges with this app as sender or recipient
        #[arg(long)]
        app: Option<String>,
        /// Only exchanges that failed
        #[arg(long)]
        failed: bool,
        #[command(flatten)]
        search: SearchArgs,
        #[command(flatten)]
        time: TimeArgs,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Tell what became of an exchange: its checks, its steps, and what to do
    Story {
        /// The id of the exchange
        id: String,
    },
    /// Send an exchange as an app, and show its outcome
    Send(SendArgs),
    /// Show one exchange with its result
    Show {
        /// The id of the exchange
        id: String,
    },
}

/// Arguments of `footbridge exchange send`.
#[derive(Debug, Clone, clap::Args)]
pub struct SendArgs {
    /// The app that sends
    app: String,
    /// The app that answers
    to: String,
    /// The type of the event
    event_type: String,
    /// The payload: JSON, @FILE for the content of a file, or - for standard input
    #[arg(long, value_name = "JSON", default_value = "{}", allow_hyphen_values = true)]
    payload: String,
    /// Send from a miniapp to its host, instead of from a host to a miniapp
    #[arg(long)]
    to_host: bool,
    /// Mark the exchange as a test: its request has the header Footbridge-Test
    #[arg(long)]
    test: bool,
}

/// Runs the command and returns its output.
///
/// # Errors
/// The server cannot be reached, or it refuses the request.
pub fn run(command: &ExchangeCommand, session: &Session) -> Result<String, Failure> {
    match command {
        ExchangeCommand::List { app, failed, search, time, page } => {
            let named = app.as_deref();
            let app = app.clone().map(|app| ("app", app));
            let failed = failed.then(|| ("failed", "true".to_owned()));
            let filter = app.into_iter().chain(failed).chain(search.query()).chain(time.query());
            list(&filter.chain(page.query()).collect::<Vec<_>>(), named, session)
        }
        ExchangeCommand::Story { id } => story::of_exchange(id, session),
        ExchangeCommand::Send(args) => send(args, session),
        ExchangeCommand::Show { id } => {
            let call = Call { path: &["exchanges", id], ..Call::default() };
            session.get(&call, |exchange: &ExchangeDetail| lines(exchange))
        }
    }
}

fn list(query: &[(&'static str, String)], app: Option<&str>, session: &Session) -> Result<String, Failure> {
    let call = Call { path: &["exchanges"], query: &pairs(query), ..Call::default() };
    let is_empty = |list: &SearchedList<ExchangeDetail>| list.data.is_empty();
    session.list(&call, app, is_empty, |list| {
        let mut table =
            Table::new(["ID", "SENDER", "RECIPIENT", "EVENT TYPE", "STATUS", "ERROR", "AT", "MS"]);
        for exchange in &list.data {
            table.row([
                exchange.exchange_id.clone(),
                exchange.sender.clone(),
                exchange.recipient.clone(),
                exchange.event_type.clone(),
                exchange.status.as_str().to_owned(),
                or_dash(exchange.error_code.as_ref()),
                exchange.at.clone(),
                or_dash(exchange.ms),
            ]);
        }
        table.or("no exchanges") + &rest(list)
    })
}

fn send(args: &SendArgs, session: &Session) -> Result<String, Failure> {
    let event = Event { event_type: &args.event_type, payload: &read_raw(&args.payload)? };
    let event = to_raw_value(&event).map_err(|error| Failure::other(error.to_string()))?;
    let direction = if args.to_host { ExchangeDirection::ToHost } else { ExchangeDirection::ToMiniapp };
    let (app, to) = (args.app.clone(), Some(args.to.clone()));
    let send = SendExchange { direction, app, to, body: event, test: args.test.then_some(true) };
    let call = Call { path: &["exchanges"], body: body(&send), ..Call::default() };
    session.post(&call, |sent: &SentExchange| {
        let answer = sent.answer.as_ref().map(|answer| format!("answer: {}\n", show_raw(answer)));
        format!("{}{}", lines(&sent.exchange), answer.unwrap_or_default())
    })
}

/// The event of an exchange, without the names of the apps.
#[derive(serde::Serialize)]
struct Event<'a> {
    event_type: &'a str,
    payload: &'a RawValue,
}
