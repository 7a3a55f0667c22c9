//! The commands `footbridge delivery list|show|retry|replay|cancel`.

use footbridge_api::{Attempt, Delivery, DeliveryDetail, Reason, SearchedList, Selection};
use footbridge_model::delivery::DeliveryStatus;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::{
    failure::Failure,
    redeliver::{JobArgs, Verb, many, one},
    remote::{PageArgs, Session, body, pairs},
    search_args::{SearchArgs, rest},
};
use crate::{
    client::Call,
    table::{Table, lines, or_dash, plain, show_raw},
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
    Replay(ReplayArgs),
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
    /// The options as a query, followed by `more`. For events, the app is the publisher.
    fn query(&self, of_events: bool, more: Option<&str>) -> String {
        let Self { app, hook, event, name, status, code, since, until } = self;
        let code = code.map(|code| code.to_string());
        let app_key = if of_events { "app" } else { "to" };
        let terms = [
            (app_key, app),
            ("hook", hook),
            ("event", event),
            ("name", name),
            ("status", status),
            ("code", &code),
            ("since", since),
            ("until", until),
        ];
        let term =
            |(key, value): (&str, &Option<String>)| Some(format!("{key}:{}", quoted(value.as_deref()?)));
        let terms: Vec<String> = terms.into_iter().filter_map(term).chain(more.map(str::to_owned)).collect();
        terms.join(" ")
    }

    fn selection(&self) -> Selection {
        let Self { app, hook, event, name, status, code, since, until } = self.clone();
        Selection { app, hook, event, name, status, code, since, until }
    }
}

/// Returns a value as a query has it.
fn quoted(value: &str) -> String {
    if value.contains([' ', '"', '\\', '\t']) || value.is_empty() {
        format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        value.to_owned()
    }
}

/// One delivery, or options that select several.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct RedeliverArgs {
    /// The id of one delivery
    #[arg(conflicts_with_all = ["app", "hook", "event", "name", "status", "code", "since", "until", "query"])]
    id: Option<String>,
    #[command(flatten)]
    filter: Filter,
    /// Only what matches this query, as in `delivery list`
    #[arg(long, short, value_name = "QUERY")]
    query: Option<String>,
    #[command(flatten)]
    job: JobArgs,
}

/// Options of a replay.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ReplayArgs {
    #[command(flatten)]
    args: RedeliverArgs,
    /// Deliver the selected events to this hook, which may be younger than they are, in place of their own hooks
    #[arg(long, value_name = "HOOK", conflicts_with = "id")]
    to: Option<String>,
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
        DeliveryCommand::Retry(args) => redeliver(Verb::Retry, args, None, session, terminal),
        DeliveryCommand::Replay(ReplayArgs { args, to }) => {
            redeliver(Verb::Replay, args, to.clone(), session, terminal)
        }
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
    let is_empty = |list: &SearchedList<Delivery>| {
        empty = list.data.is_empty();
        empty
    };
    let shown = session.list(&call, filter.app.as_deref(), is_empty, table)?;
    match &filter.event {
        // Fails if there is no such event.
        Some(id) if empty => {
            let call = Call { path: &["events", id], ..Call::default() };
            session.get(&call, |_: &IgnoredAny| shown.clone())
        }
        _ => Ok(shown),
    }
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
    to: Option<String>,
    session: &Session,
    terminal: &mut Terminal,
) -> Result<String, Failure> {
    if let Some(id) = &args.id {
        return one(verb, id, session);
    }
    let query = args.filter.query(to.is_some(), args.query.as_deref());
    many(verb, (query, to), &args.job, session, terminal)
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
        let remote = RemoteArgs {
            context: None,
            server: Some(fake.url.clone()),
            admin_token: Some("adm".to_owned()),
            json: false,
        };
        let session = Session::open(&remote, &Env::new()).unwrap();
        run(command, &session, &mut Terminal::scripted(answer, Vec::new(), asks))
    }

    #[test]
    fn several_deliveries_need_a_confirmation_with_their_number() {
        let preview = r#"{"matched":212,"apps":1,"oldest":"2026-01-31T12:00:00Z","by_code":[{"value":"503","count":212}],
            "by_name":[],"by_app":[{"value":"shop","count":212}],"skip":[{"reason":"its hook was deleted","count":9}],
            "sample":[],"searched":{"to":null,"rows":212,"more":false}}"#;
        let counted: Route = ("POST /api/v1/jobs ", "200 OK", preview);
        let filter = Filter { app: Some("shop".to_owned()), code: Some(503), ..Filter::default() };
        let args =
            RedeliverArgs { filter, query: Some("paid -test:true".to_owned()), ..RedeliverArgs::default() };
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
        let asked = r#"{"kind":"retry","q":"to:shop code:503 paid -test:true","dry_run":true}"#;
        assert_eq!(bodies, [asked; 2], "it was only counted");
        let job = JobArgs { dry_run: true, yes: true, ..JobArgs::default() };
        let dry = DeliveryCommand::Retry(RedeliverArgs { job, ..args });
        assert_eq!(
            output(&fake, &dry, "", false).unwrap(),
            "212 deliveries selected, 1 app, the oldest from 2026-01-31T12:00:00Z\n  by code  503 × 212\n  by app  shop × 212\n  skipped  9 deliveries: its hook was deleted\n"
        );
        let nothing = DeliveryCommand::Replay(ReplayArgs::default());
        let message = output(&fake, &nothing, "", false).unwrap_err().to_string();
        assert!(message.contains("no deliveries selected; give an id"), "{message}");
        let odd = Filter { name: Some("a \"b\" c".to_owned()), ..Filter::default() };
        assert_eq!(odd.query(false, None), r#"name:"a \"b\" c""#);
    }
}
