//! The commands `footbridge job list|show|stop`, and how a job is followed.

use std::time::Duration;

use footbridge_api::{Job, JobItem, List};

use super::{
    failure::Failure,
    remote::{PageArgs, Session, more, pairs},
};
use crate::{
    client::Call,
    table::{Table, lines, or_dash},
    terminal::Terminal,
};

/// The time between two looks at a job that is followed.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// The most items that `job show` lists.
const ITEMS: &str = "50";

/// The verbs of `footbridge job`.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum JobCommand {
    /// List jobs, newest first
    List {
        #[command(flatten)]
        page: PageArgs,
    },
    /// Show one job, and the deliveries that it could not repair
    Show {
        /// The id of the job
        id: String,
    },
    /// Stop a job; deliveries that it has begun end normally
    Stop {
        /// The id of the job
        id: String,
    },
}

/// Runs the command and returns its output.
///
/// # Errors
/// The server cannot be reached, or it refuses the request.
pub fn run(command: &JobCommand, session: &Session) -> Result<String, Failure> {
    match command {
        JobCommand::List { page } => {
            let query: Vec<_> = page.query().collect();
            session.get(&Call { path: &["jobs"], query: &pairs(&query), ..Call::default() }, table)
        }
        JobCommand::Show { id } => {
            let failed = [("outcome", Some("failed")), ("limit", Some(ITEMS))];
            let call = Call { path: &["jobs", id, "items"], query: &failed, ..Call::default() };
            let items: List<JobItem> = session.fetch(&call)?;
            session.get(&Call { path: &["jobs", id], ..Call::default() }, |job: &Job| {
                format!("{}{}", lines(job), failures(&items))
            })
        }
        JobCommand::Stop { id } => {
            let call = Call { path: &["jobs", id, "stop"], ..Call::default() };
            session.post(&call, |job: &Job| format!("{}\n", line(job)))
        }
    }
}

fn table(list: &List<Job>) -> String {
    let mut table = Table::new(["ID", "KIND", "STATE", "DONE", "OK", "FAILED", "SKIPPED", "BY", "QUERY"]);
    for job in &list.data {
        table.row([
            job.id.clone(),
            job.kind.clone(),
            job.state.clone(),
            format!("{}/{}", job.done, or_dash(job.matched)),
            job.ok.to_string(),
            job.failed.to_string(),
            skipped(job).to_string(),
            job.by.clone(),
            job.q.clone(),
        ]);
    }
    table.or("no jobs") + &more(list.next.as_deref())
}

fn failures(items: &List<JobItem>) -> String {
    if items.data.is_empty() {
        return String::new();
    }
    let mut table = Table::new(["DELIVERY", "APP", "ERROR"]);
    for item in &items.data {
        table.row([or_dash(item.delivery_id.as_ref()), item.app.clone(), or_dash(item.text.as_ref())]);
    }
    format!("\nfailed\n{}", table.or(""))
}

fn skipped(job: &Job) -> u64 {
    job.skipped.iter().map(|skip| skip.count).sum()
}

/// Returns the state of a job in one line.
pub(super) fn line(job: &Job) -> String {
    let Job { id, state, done, matched, ok, failed, rate, .. } = job;
    let text = job.text.as_ref().map(|text| format!(": {text}")).unwrap_or_default();
    let skipped = skipped(job);
    format!(
        "{id} {state}{text}  {done}/{matched}  ok {ok}  failed {failed}  skipped {skipped}  {rate}/s",
        matched = or_dash(*matched),
    )
}

/// Follows a job to its end, with a progress line on a terminal. Returns the job as it is then.
///
/// # Errors
/// The server cannot be reached.
pub(super) fn follow(mut job: Job, session: &Session, terminal: &mut Terminal) -> Result<Job, Failure> {
    let id = job.id.clone();
    while matches!(&*job.state, "queued" | "running") || job.waiting > 0 {
        if terminal.asks {
            // A terminal that has gone does not end the job.
            let _ = terminal.write(&format!("\r\u{1b}[2K{}", line(&job)));
        }
        session.client().block_on(async { tokio::time::sleep(LOOK_EVERY).await })?;
        job = session.fetch(&Call { path: &["jobs", &id], ..Call::default() })?;
    }
    if terminal.asks {
        let _ = terminal.write("\r\u{1b}[2K");
    }
    Ok(job)
}
