//! `footbridge delivery list|show|retry|replay`

use footbridge_api::{Attempt, Bulk, BulkResult, Delivery, DeliveryDetail, List, Selection};
use footbridge_model::delivery::DeliveryStatus;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    failure::Failure,
    remote::{PageArgs, Session, body, more, pairs},
};
use crate::{
    client::Call,
    table::{Table, lines, or_dash, plain, show_raw},
    terminal::Terminal,
};

/// What to do with deliveries.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum DeliveryCommand {
    /// List deliveries, newest first
    List {
        /// Which
        #[command(flatten)]
        which: Which,
        /// Which page
        #[command(flatten)]
        page: PageArgs,
    },
    /// Show one delivery and its attempts
    Show {
        /// Its id
        id: String,
    },
    /// Send a pending delivery now, or try dead and cancelled ones again: one by its id, or all that the options pick
    Retry(ByHandArgs),
    /// Send events once more that were delivered, as new deliveries: one by its id, or all that the options pick
    Replay(ByHandArgs),
}

/// Which deliveries.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Which {
    /// Only those to this app
    #[arg(long)]
    app: Option<String>,
    /// Only those to this hook
    #[arg(long, value_name = "ID")]
    hook: Option<String>,
    /// Only those of this event
    #[arg(long, value_name = "ID")]
    event: Option<String>,
    /// Only those of events of this name
    #[arg(long)]
    name: Option<String>,
    /// Only those with this status
    #[arg(long, value_parser = DeliveryStatus::ALL.map(DeliveryStatus::as_str))]
    status: Option<String>,
    /// Only those whose receiver answered this HTTP status last
    #[arg(long)]
    code: Option<u16>,
    /// Only those made since then: 2026-01-31T12:00:00Z, or 2h for two hours ago
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only those made before then
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

impl Which {
    fn selection(&self) -> Selection {
        let Self { app, hook, event, name, status, code, since, until } = self.clone();
        Selection { app, hook, event, name, status, code, since, until }
    }
}

/// What to retry or to replay.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ByHandArgs {
    /// The id of one delivery
    #[arg(conflicts_with_all = ["app", "hook", "event", "name", "status", "code", "since", "until"])]
    id: Option<String>,
    #[command(flatten)]
    which: Which,
    /// Only say how many it would be
    #[arg(long, conflicts_with = "id")]
    dry_run: bool,
    /// Do not ask; needed where there is no terminal
    #[arg(long, short)]
    yes: bool,
}

/// The two things that are done with deliveries by hand.
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

/// Runs it; questions use `terminal`.
///
/// # Errors
/// When the server cannot be reached or says no.
pub fn run(command: &DeliveryCommand, session: &Session, terminal: &mut Terminal) -> Result<String, Failure> {
    match command {
        DeliveryCommand::List { which, page } => list(which, page, session),
        DeliveryCommand::Show { id } => {
            session.get(&Call { path: &["deliveries", id], ..Call::default() }, show)
        }
        DeliveryCommand::Retry(args) => by_hand(Verb::Retry, args, session, terminal),
        DeliveryCommand::Replay(args) => by_hand(Verb::Replay, args, session, terminal),
    }
}

fn list(which: &Which, page: &PageArgs, session: &Session) -> Result<String, Failure> {
    let query: Vec<_> = which.selection().query().into_iter().chain(page.query()).collect();
    let call = Call { path: &["deliveries"], query: &pairs(&query), ..Call::default() };
    let mut empty = false;
    let shown = session.get(&call, |list: &List<Delivery>| {
        empty = list.data.is_empty();
        table(list)
    })?;
    let unknown = if empty { session.unknown_app(which.app.as_deref())? } else { None };
    Ok(unknown.unwrap_or(shown))
}

/// A list of deliveries.
pub(super) fn table(list: &List<Delivery>) -> String {
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
    table.or("no deliveries") + &more(list.next.as_deref())
}

fn show(detail: &DeliveryDetail) -> String {
    let mut table = Table::new(["N", "AT", "STATUS", "MS", "ERROR"]);
    for attempt in &detail.attempt_log {
        let Attempt { n, at, status, error, ms, .. } = attempt;
        table.row([n.to_string(), at.clone(), or_dash(*status), ms.to_string(), or_dash(error.as_ref())]);
    }
    let whole: String = detail.attempt_log.iter().map(whole).collect();
    format!("{}\n{}{whole}", lines(&detail.delivery), table.or("no attempts yet"))
}

/// What of an attempt has no room in a row: a stack, and what a function returned and wrote.
fn whole(attempt: &Attempt) -> String {
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
    let lines: Vec<String> = [error, log, value]
        .iter()
        .flat_map(|text| text.lines())
        .map(|line| format!("  {}\n", plain(line)))
        .collect();
    if lines.is_empty() { String::new() } else { format!("\nattempt {}\n{}", attempt.n, lines.concat()) }
}

/// JSON in one line, text with its quotes.
fn as_json(value: &RawValue) -> String {
    if value.get().starts_with('"') { value.get().to_owned() } else { show_raw(value) }
}

fn by_hand(
    verb: Verb,
    args: &ByHandArgs,
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
    let selection = args.which.selection();
    if selection == Selection::default() {
        let word = verb.as_str();
        return Err(Failure::other(format!(
            "which deliveries? give an id, or options that pick some: `footbridge delivery {word} --app NAME --since 2h`; \
             `footbridge delivery list` shows them"
        )));
    }
    let ask = |dry_run: bool| {
        let bulk = Bulk { selection: selection.clone(), dry_run: Some(dry_run) };
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
                "nobody can be asked here whether to {} {}; give --yes",
                verb.as_str(),
                deliveries(count)
            )));
        }
        let question = match verb {
            Verb::Retry => format!("Retry {}?", deliveries(count)),
            Verb::Replay => {
                format!("Replay {}? Their receivers get those events once more.", deliveries(count))
            }
        };
        if !terminal.confirm(&question) {
            return Err(Failure::other("nothing was done"));
        }
    }
    session.show(&ask(false)?, |done: &BulkResult| match verb {
        Verb::Retry => format!("{} due now\n", are(done.count)),
        Verb::Replay => format!("{} sent once more\n", are(done.count)),
    })
}

fn deliveries(count: u64) -> String {
    if count == 1 { "1 delivery".to_owned() } else { format!("{count} deliveries") }
}

fn are(count: u64) -> String {
    format!("{} {}", deliveries(count), if count == 1 { "is" } else { "are" })
}

fn would(verb: Verb, count: u64) -> String {
    match (verb, count) {
        (Verb::Retry, 0) => {
            "no delivery is picked; without --status, only dead ones are retried\n".to_owned()
        }
        (Verb::Replay, 0) => {
            "no delivery is picked; without --status, only delivered ones are replayed\n".to_owned()
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
        };
        DeliveryDetail { delivery, attempt_log }
    }

    #[test]
    fn stacks_and_what_a_function_wrote_are_shown_whole() {
        let attempt = |n, error: Option<&str>, output: Option<&str>| Attempt {
            n,
            at: "t".to_owned(),
            status: None,
            error: error.map(str::to_owned),
            ms: 2,
            output: output.map(|text| RawValue::from_string(text.to_owned()).unwrap()),
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
        ];
        let shown = show(&delivery(log));
        let (_, whole) = shown.split_once("\n\nattempt ").unwrap();
        assert_eq!(
            whole,
            "1\n  TypeError: x\n      at f (f.js:3)\n  one\n  \u{fffd}two\n\nattempt 2\n  returned {\"a\":1}\n\n\
             attempt 4\n  returned \"\\ud800\"\n"
        );
        assert!(shown.starts_with("id               dlv_1\nevent_id         evt_1\n"), "{shown}");
    }

    fn say(
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
    fn many_are_counted_and_asked_about_first() {
        let counted: Route = ("POST /api/v1/deliveries/retry ", "200 OK", r#"{"count":203,"dry_run":true}"#);
        let which = Which { app: Some("shop".to_owned()), code: Some(503), ..Which::default() };
        let args = ByHandArgs { which, ..ByHandArgs::default() };
        let retry = DeliveryCommand::Retry(args.clone());
        let fake = Fake::start(&[counted]);
        let said = say(&fake, &retry, "n\n", true).unwrap_err().to_string();
        assert_eq!(said, "footbridge: nothing was done");
        let said = say(&fake, &retry, "", false).unwrap_err().to_string();
        assert_eq!(said, "footbridge: nobody can be asked here whether to retry 203 deliveries; give --yes");
        let bodies: Vec<_> = fake.seen().into_iter().map(|seen| seen.body).collect();
        assert_eq!(bodies, [r#"{"app":"shop","code":503,"dry_run":true}"#; 2], "it was only counted");
        assert_eq!(say(&fake, &retry, "y\n", true).unwrap(), "203 deliveries are due now\n");
        assert!(fake.seen().last().unwrap().body.contains(r#""dry_run":false"#));
        let dry = DeliveryCommand::Retry(ByHandArgs { dry_run: true, yes: true, ..args });
        assert_eq!(say(&fake, &dry, "", false).unwrap(), "203 deliveries would be retried\n");
        assert!(fake.seen().last().unwrap().body.contains(r#""dry_run":true"#));
        let nothing = DeliveryCommand::Replay(ByHandArgs::default());
        let said = say(&fake, &nothing, "", false).unwrap_err().to_string();
        assert!(said.contains("which deliveries? give an id"), "{said}");
    }
}
