//! The commands `footbridge delivery list|show|retry|replay|cancel`.

use footbridge_api::{Attempt, Bulk, BulkResult, Delivery, DeliveryDetail, Reason, SearchedList, Selection};
use footbridge_model::delivery::DeliveryStatus;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    failure::Failure,
    remote::{PageArgs, Session, body, pairs},
    search_args::{SearchArgs, rest},
};
use crate::{
    client::Call,
    table::{Table, counted, lines, or_dash, plain, show_raw},
    terminal::Terminal,
};

/// The verbs of `footbridge delivery`.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum DeliveryCommand {
    /// List deliveries, newest first
    List {
        #[command(flatten)]
        filter: Filter,
        #[command(flatten)]
        search: SearchArgs,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Show one delivery and its attempts
    Show {
        /// The id of the delivery
        id: String,
    },
    /// Attempt deliveries again: one by its id, or all that the options select (by default the dead ones)
    Retry(RedeliverArgs),
    /// Deliver events once more, as new deliveries: one by its id, or all that the options select (by default the
    /// delivered ones)
    Replay(RedeliverArgs),
    /// Cancel a pending delivery: it is not attempted again
    Cancel {
        /// The id of the delivery
        id: String,
        /// Why, for others to read
        #[arg(long)]
        reason: Option<String>,
    },
}

/// Options that select deliveries.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Filter {
    /// Only deliveries to this app
    #[arg(long)]
    app: Option<String>,
    /// Only deliveries to this hook
    #[arg(long, value_name = "ID")]
    hook: Option<String>,
    /// Only deliveries of this event
    #[arg(long, value_name = "ID")]
    event: Option<String>,
    /// Only deliveries of events with this name
    #[arg(long)]
    name: Option<String>,
    /// Only deliveries with this status
    #[arg(long, value_parser = DeliveryStatus::ALL.map(DeliveryStatus::as_str))]
    status: Option<String>,
    /// Only deliveries whose last attempt was answered with this HTTP status
    #[arg(long)]
    code: Option<u16>,
    /// Only deliveries made since this time: 2026-01-31T12:00:00Z, or 2h for two hours ago
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only deliveries made before this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

impl Filter {
    fn selection(&self) -> Selection {
        let Self { app, hook, event, name, status, code, since, until } = self.clone();
        Selection { app, hook, event, name, status, code, since, until }
    }
}

/// One delivery, or options that select several.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct RedeliverArgs {
    /// The id of one delivery
    #[arg(conflicts_with_all = ["app", "hook", "event", "name", "status", "code", "since", "until"])]
    id: Option<String>,
    #[command(flatten)]
    filter: Filter,
    /// Only print the number of selected deliveries
    #[arg(long, conflicts_with = "id")]
    dry_run: bool,
    /// Do not ask for confirmation; required without a terminal
    #[arg(long, short)]
    yes: bool,
}

/// An action on deliveries that a person starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Retry,
    Replay,
}

impl Verb {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Replay => "replay",
        }
    }
}

/// Runs the command and returns its output; questions use `terminal`.
///
/// # Errors
/// The server cannot be reached, or it refuses the request.
pub fn run(command: &DeliveryCommand, session: &Session, terminal: &mut Terminal) -> Result<String, Failure> {
    match command {
        DeliveryCommand::List { filter, search, page } => {
            let query: Vec<_> =
                filter.selection().query().into_iter().chain(search.query()).chain(page.query()).collect();
            list(filter, &query, session)
        }
        DeliveryCommand::Show { id } => {
            session.get(&Call { path: &["deliveries", id], ..Call::default() }, show)
        }
        DeliveryCommand::Retry(args) => redeliver(Verb::Retry, args, session, terminal),
        DeliveryCommand::Replay(args) => redeliver(Verb::Replay, args, session, terminal),
        DeliveryCommand::Cancel { id, reason } => {
            let request = Reason { reason: reason.clone() };
            let call = Call { path: &["deliveries", id, "cancel"], body: body(&request), ..Call::default() };
            session.post(&call, |delivery: &Delivery| format!("{} is cancelled\n", delivery.id))
        }
    }
}

fn list(filter: &Filter, query: &[(&'static str, String)], session: &Session) -> Result<String, Failure> {
    let call = Call { path: &["deliveries"], query: &pairs(query), ..Call::default() };
    let mut empty = false;
    let shown = session.get(&call, |list: &SearchedList<Delivery>| {
        empty = list.data.is_empty();
        table(list)
    })?;
    let unknown = if empty { session.unknown_app(filter.app.as_deref())? } else { None };
    Ok(unknown.unwrap_or(shown))
}

/// Returns a list of deliveries as a table.
pub(super) fn table(list: &SearchedList<Delivery>) -> String {
    let mut table = Table::new(["ID", "EVENT", "APP", "STATUS", "ATTEMPTS", "LAST", "NEXT"]);
    for delivery in &list.data {
        let last = delivery.last_error.clone().or_else(|| Some(delivery.last_status?.to_string()));
        table.row([
            delivery.id.clone(),
            delivery.event_id.clone(),
            delivery.app.clone(),
            delivery.status.clone(),
            delivery.attempts.to_string(),
            or_dash(last),
            or_dash(delivery.next_attempt_at.as_ref()),
        ]);
    }
    table.or("no deliveries") + &rest(list)
}

fn show(detail: &DeliveryDetail) -> String {
    let mut table = Table::new(["N", "AT", "STATUS", "MS", "ERROR"]);
    for attempt in &detail.attempt_log {
        let Attempt { n, at, status, error, ms, .. } = attempt;
        table.row([n.to_string(), at.clone(), or_dash(*status), ms.to_string(), or_dash(error.as_ref())]);
    }
    let details: String = detail.attempt_log.iter().map(details).collect();
    format!("{}\n{}{details}", lines(&detail.delivery), table.or("no attempts yet"))
}

/// Returns the parts of an attempt that do not fit into a row: a stack trace, the result and output of a function, and the
/// beginning of a failed answer.
fn details(attempt: &Attempt) -> String {
    #[derive(Default, Deserialize)]
    struct Output<'a> {
        #[serde(borrow, default)]
        value: Option<&'a RawValue>,
        #[serde(default)]
        log: String,
    }
    let output = attempt.output.as_ref().and_then(|output| serde_json::from_str(output.get()).ok());
    let Output { value, log } = output.unwrap_or_default();
    let error = attempt.error.clone().filter(|error| error.contains('\n')).unwrap_or_default();
    let value = value.map(|value| format!("returned {}", as_json(value))).unwrap_or_default();
    let answer = attempt.answer.as_ref().map(|answer| format!("answered {answer}")).unwrap_or_default();
    let lines: Vec<String> = [error, log, value, answer]
        .iter()
        .flat_map(|text| text.lines())
        .map(|line| format!("  {}\n", plain(line)))
        .collect();
    if lines.is_empty() { String::new() } else { format!("\nattempt {}\n{}", attempt.n, lines.concat()) }
}

/// Returns JSON in one line; a string keeps its quotes.
fn as_json(value: &RawValue) -> String {
    if value.get().starts_with('"') { value.get().to_owned() } else { show_raw(value) }
}

fn redeliver(
    verb: Verb,
    args: &RedeliverArgs,
    session: &Session,
    terminal: &mut Terminal,
) -> Result<String, Failure> {
    if let Some(id) = &args.id {
        let call = Call { path: &["deliveries", id, verb.as_str()], ..Call::default() };
        return session.post(&call, |delivery: &Delivery| match verb {
            Verb::Retry => format!("{} is due now\n", delivery.id),
            Verb::Replay => format!("{} delivers {} once more\n", delivery.id, delivery.event_id),
        });
    }
    let selection = args.filter.selection();
    if selection == Selection::default() {
        let word = verb.as_str();
        return Err(Failure::other(format!(
            "no deliveries selected; give an id, or options that select some: `footbridge delivery {word} --app NAME --since 2h`; \
             `footbridge delivery list` takes the same options"
        )));
    }
    let ask = |dry_run: bool| {
        let bulk = Bulk::new(selection.clone(), dry_run);
        session.client().post(&Call {
            path: &["deliveries", verb.as_str()],
            body: body(&bulk),
            ..Call::default()
        })
    };
    if !args.yes || args.dry_run {
        let counted = ask(true)?;
        let count = session.client().parse::<BulkResult>(&counted)?.count;
        if args.dry_run || count == 0 {
            return session.show(&counted, |_: &BulkResult| would(verb, count));
        }
        if !terminal.asks {
            return Err(Failure::other(format!(
                "there is no terminal to confirm the {} of {}; give --yes",
                verb.as_str(),
                deliveries(count)
            )));
        }
        let question = match verb {
            Verb::Retry => format!("Retry {}?", deliveries(count)),
            Verb::Replay => {
                format!("Replay {}? The receivers get these events once more.", deliveries(count))
            }
        };
        if !terminal.confirm(&question) {
            return Err(Failure::other("not confirmed; nothing was done"));
        }
    }
    session.show(&ask(false)?, |done: &BulkResult| match verb {
        Verb::Retry => format!("{} due now\n", are(done.count)),
        Verb::Replay => format!("{} replayed as new deliveries\n", are(done.count)),
    })
}

fn deliveries(count: u64) -> String {
    counted(count, "delivery", "deliveries")
}

fn are(count: u64) -> String {
    format!("{} {}", deliveries(count), if count == 1 { "is" } else { "are" })
}

fn would(verb: Verb, count: u64) -> String {
    match (verb, count) {
        (Verb::Retry, 0) => {
            "no delivery is selected; without --status, only dead deliveries are retried\n".to_owned()
        }
        (Verb::Replay, 0) => {
            "no delivery is selected; without --status, only delivered ones are replayed\n".to_owned()
        }
        (verb, count) => format!(
            "{} would be {}\n",
            deliveries(count),
            match verb {
                Verb::Retry => "retried",
                Verb::Replay => "replayed",
            }
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cmd::remote::RemoteArgs,
        config::env::Env,
        fake::{Fake, Route},
    };

    fn delivery(attempt_log: Vec<Attempt>) -> DeliveryDetail {
        let delivery = Delivery {
            id: "dlv_1".to_owned(),
            event_id: "evt_1".to_owned(),
            hook_id: "hook_1".to_owned(),
            app: "shop".to_owned(),
            url: "http://h/x".to_owned(),
            status: "dead".to_owned(),
            attempts: 3,
            next_attempt_at: None,
            last_status: Some(500),
            last_error: None,
            last_ms: Some(7),
            made_at: "t".to_owned(),
            event_name: Some("paid".to_owned()),
            publisher: Some("pay".to_owned()),
            test: false,
        };
        DeliveryDetail { delivery, attempt_log }
    }

    #[test]
    fn stack_traces_and_function_output_are_shown_in_full() {
        let attempt = |n, error: Option<&str>, output: Option<&str>| Attempt {
            n,
            at: "t".to_owned(),
            status: None,
            error: error.map(str::to_owned),
            ms: 2,
            output: output.map(|text| RawValue::from_string(text.to_owned()).unwrap()),
            answer: None,
        };
        let log = vec![
            attempt(
                1,
                Some("TypeError: x\n    at f (f.js:3)"),
                Some(r#"{"value":null,"log":"one\n\u001btwo\n"}"#),
            ),
            attempt(2, None, Some(r#"{"value":{"a":1},"log":""}"#)),
            attempt(3, Some("plain"), None),
            attempt(4, None, Some(r#"{"value":"\ud800","log":""}"#)),
            Attempt { answer: Some("no\ndb".to_owned()), ..attempt(5, None, None) },
        ];
        let shown = show(&delivery(log));
        let (_, details) = shown.split_once("\n\nattempt ").unwrap();
        assert_eq!(
            details,
            "1\n  TypeError: x\n      at f (f.js:3)\n  one\n  \u{fffd}two\n\nattempt 2\n  returned {\"a\":1}\n\n\
             attempt 4\n  returned \"\\ud800\"\n\nattempt 5\n  answered no\n  db\n"
        );
        assert!(shown.starts_with("id               dlv_1\nevent_id         evt_1\n"), "{shown}");
    }

    fn output(
        fake: &Fake,
        command: &DeliveryCommand,
        answer: &'static str,
        asks: bool,
    ) -> Result<String, Failure> {
        let remote =
            RemoteArgs { server: Some(fake.url.clone()), admin_token: Some("adm".to_owned()), json: false };
        let session = Session::open(&remote, &Env::new()).unwrap();
        run(command, &session, &mut Terminal::scripted(answer, Vec::new(), asks))
    }

    #[test]
    fn several_deliveries_need_a_confirmation_with_their_number() {
        let counted: Route = ("POST /api/v1/deliveries/retry ", "200 OK", r#"{"count":203,"dry_run":true}"#);
        let filter = Filter { app: Some("shop".to_owned()), code: Some(503), ..Filter::default() };
        let args = RedeliverArgs { filter, ..RedeliverArgs::default() };
        let retry = DeliveryCommand::Retry(args.clone());
        let fake = Fake::start(&[counted]);
        let message = output(&fake, &retry, "n\n", true).unwrap_err().to_string();
        assert_eq!(message, "footbridge: not confirmed; nothing was done");
        let message = output(&fake, &retry, "", false).unwrap_err().to_string();
        assert_eq!(
            message,
            "footbridge: there is no terminal to confirm the retry of 203 deliveries; give --yes"
        );
        let bodies: Vec<_> = fake.seen().into_iter().map(|seen| seen.body).collect();
        assert_eq!(bodies, [r#"{"app":"shop","code":503,"dry_run":true}"#; 2], "it was only counted");
        assert_eq!(output(&fake, &retry, "y\n", true).unwrap(), "203 deliveries are due now\n");
        assert!(fake.seen().last().unwrap().body.contains(r#""dry_run":false"#));
        let dry = DeliveryCommand::Retry(RedeliverArgs { dry_run: true, yes: true, ..args });
        assert_eq!(output(&fake, &dry, "", false).unwrap(), "203 deliveries would be retried\n");
        assert!(fake.seen().last().unwrap().body.contains(r#""dry_run":true"#));
        let nothing = DeliveryCommand::Replay(RedeliverArgs::default());
        let message = output(&fake, &nothing, "", false).unwrap_err().to_string();
        assert!(message.contains("no deliveries selected; give an id"), "{message}");
    }
}
