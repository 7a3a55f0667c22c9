//! The commands `footbridge delivery retry|replay`: one delivery by its id, or a job for all that a query selects.

#![expect(clippy::format_push_string, reason = "a few lines for a person")]

use footbridge_api::{Delivery, Job, JobPreview, NewJob};

use super::{
    failure::Failure,
    job::{follow, line},
    remote::{Session, body},
};
use crate::{
    client::Call,
    table::{counted, plain},
    terminal::Terminal,
};

/// An action on deliveries that a person starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    /// The same delivery is attempted again.
    Retry,
    /// The event is delivered once more.
    Replay,
}

impl Verb {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Replay => "replay",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Retry => "Retry",
            Self::Replay => "Replay",
        }
    }
}

/// Options of the job that retries or replays several deliveries.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct JobArgs {
    /// Only print what would be done
    #[arg(long, conflicts_with = "id")]
    pub(super) dry_run: bool,
    /// Do not ask for confirmation; required without a terminal
    #[arg(long, short)]
    pub(super) yes: bool,
    /// The most deliveries in a second (1 to 1000; 50 by default)
    #[arg(long, value_name = "N", conflicts_with = "id")]
    pub(super) pace: Option<u32>,
    /// Give up after this many failures in a row
    #[arg(long, value_name = "N", conflicts_with = "id")]
    pub(super) stop_after: Option<u32>,
    /// Do not wait for the end of the job
    #[arg(long, conflicts_with = "id")]
    pub(super) detach: bool,
    /// The reason, for the audit log
    #[arg(long, conflicts_with = "id")]
    pub(super) reason: Option<String>,
}

/// Retries or replays one delivery.
///
/// # Errors
/// The server cannot be reached, or it refuses the request.
pub(super) fn one(verb: Verb, id: &str, session: &Session) -> Result<String, Failure> {
    let call = Call { path: &["deliveries", id, verb.as_str()], ..Call::default() };
    session.post(&call, |delivery: &Delivery| match verb {
        Verb::Retry => format!("{} is due now\n", delivery.id),
        Verb::Replay => format!("{} delivers {} once more\n", delivery.id, delivery.event_id),
    })
}

/// Retries or replays all deliveries that a query selects, as a job of the server.
///
/// # Errors
/// The server cannot be reached, it refuses the request, or the person does not confirm.
pub(super) fn many(
    verb: Verb,
    (query, to): (String, Option<String>),
    args: &JobArgs,
    session: &Session,
    terminal: &mut Terminal,
) -> Result<String, Failure> {
    let word = verb.as_str();
    if query.is_empty() {
        return Err(Failure::other(format!(
            "no deliveries selected; give an id, or options that select some: `footbridge delivery {word} --app NAME --since 2h`; \
             `footbridge delivery list` takes the same options"
        )));
    }
    let job = |dry_run: bool| NewJob {
        kind: word.to_owned(),
        q: query.clone(),
        hook: to.clone(),
        dry_run,
        pace: args.pace,
        stop_after: args.stop_after,
        reason: args.reason.clone(),
    };
    let ask = |dry_run: bool| {
        session.client().post(&Call { path: &["jobs"], body: body(&job(dry_run)), ..Call::default() })
    };
    let what = if to.is_some() { ("event", "events") } else { ("delivery", "deliveries") };
    if !args.yes || args.dry_run {
        let answer = ask(true)?;
        let preview: JobPreview = session.client().parse(&answer)?;
        let skipped: u64 = preview.skip.iter().map(|skip| skip.count).sum();
        let count = preview.matched.saturating_sub(skipped);
        if args.dry_run || count == 0 {
            let text = session.show(&answer, |preview: &JobPreview| counts(verb, preview, what))?;
            return if count == 0 { Err(Failure::Nothing(text)) } else { Ok(text) };
        }
        let number = counted(count, what.0, what.1);
        if !terminal.asks {
            let why = format!("there is no terminal to confirm the {word} of {number}; give --yes");
            return Err(Failure::other(why));
        }
        // A terminal that has gone is noticed by the question.
        let _ = terminal.write(&counts(verb, &preview, what));
        if !terminal.confirm(&format!("{} {number}?", verb.title())) {
            return Err(Failure::other("not confirmed; nothing was done"));
        }
    }
    let answer = ask(false)?;
    let job: Job = session.client().parse(&answer)?;
    if args.detach {
        return session.show(&answer, |job: &Job| {
            format!("{} has begun; see it with `footbridge job show {}`\n", job.id, job.id)
        });
    }
    let job = follow(job, session, terminal)?;
    Ok(session.print(&job, |job| format!("{}\n", line(job))))
}

/// Returns what a job would do, in words.
fn counts(verb: Verb, preview: &JobPreview, (one, several): (&str, &str)) -> String {
    let JobPreview { matched, apps, oldest, skip, searched, .. } = preview;
    if *matched == 0 {
        let usual = match verb {
            Verb::Retry => "dead deliveries are retried",
            Verb::Replay => "delivered ones are replayed",
        };
        return format!("no {one} is selected; without --status, only {usual}\n");
    }
    let oldest = oldest.as_ref().map(|oldest| format!(", the oldest from {oldest}")).unwrap_or_default();
    let mut text = format!(
        "{}{} selected, {}{oldest}\n",
        if searched.more { "at least " } else { "" },
        counted(*matched, one, several),
        counted(*apps, "app", "apps")
    );
    for (title, counts) in
        [("by code", &preview.by_code), ("by name", &preview.by_name), ("by app", &preview.by_app)]
    {
        let shown: Vec<String> =
            counts.iter().map(|count| format!("{} × {}", plain(&count.value), count.count)).collect();
        if !shown.is_empty() {
            text.push_str(&format!("  {title}  {}\n", shown.join(" · ")));
        }
    }
    for skip in skip {
        text.push_str(&format!("  skipped  {}: {}\n", counted(skip.count, one, several), skip.reason));
    }
    text
}
