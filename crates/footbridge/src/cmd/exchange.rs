//! The commands `footbridge exchange list|show`.

use footbridge_api::{ExchangeDetail, SearchedList};

use super::{
    failure::Failure,
    remote::{PageArgs, Session, pairs},
    search_args::{SearchArgs, TimeArgs, rest},
    story,
};
use crate::{
    client::Call,
    table::{Table, lines, or_dash},
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
    /// Show one exchange with its result
    Show {
        /// The id of the exchange
        id: String,
    },
}

/// Runs the command and returns its output.
///
/// # Errors
/// The server cannot be reached, or it refuses the request.
pub fn run(command: &ExchangeCommand, session: &Session) -> Result<String, Failure> {
    match command {
        ExchangeCommand::List { app, failed, search, time, page } => {
            let app = app.clone().map(|app| ("app", app));
            let failed = failed.then(|| ("failed", "true".to_owned()));
            let filter = app.into_iter().chain(failed).chain(search.query()).chain(time.query());
            list(&filter.chain(page.query()).collect::<Vec<_>>(), session)
        }
        ExchangeCommand::Story { id } => story::of_exchange(id, session),
        ExchangeCommand::Show { id } => {
            let call = Call { path: &["exchanges", id], ..Call::default() };
            session.get(&call, |exchange: &ExchangeDetail| lines(exchange))
        }
    }
}

fn list(query: &[(&'static str, String)], session: &Session) -> Result<String, Failure> {
    let call = Call { path: &["exchanges"], query: &pairs(query), ..Call::default() };
    session.get(&call, |list: &SearchedList<ExchangeDetail>| {
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
