//! Jobs and their items as rows.

use crate::column::number;
use crate::failure::{CommandError, CommandResult};
use footbridge_model::audit::{Actor, ActorKind};
use footbridge_model::id::{DeliveryId, EventId, HookId, JobId};
use footbridge_model::job::{ItemOutcome, Job, JobItem, JobKind, JobProgress, JobSpec};
use footbridge_model::name::AppName;
use footbridge_model::time::Millis;
use rusqlite::Row;
use serde::{Deserialize, Serialize};

/// The columns of a job, as [`read`] reads them.
pub(crate) const COLUMNS: &str = "id, state, spec, progress";
/// The columns of an item, as [`item`] reads them.
pub(crate) const ITEM_COLUMNS: &str = "source, delivery, event, app, outcome, attempts, text";

/// A job as it is stored.
#[derive(Debug)]
pub(crate) struct JobRow {
    id: i64,
    state: String,
    spec: String,
    progress: String,
}

/// Reads the columns of a job.
pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<JobRow> {
    Ok(JobRow { id: row.get(0)?, state: row.get(1)?, spec: row.get(2)?, progress: row.get(3)? })
}

impl JobRow {
    /// Returns the job that is stored.
    pub(crate) fn into_job(self) -> CommandResult<Job> {
        let spec = serde_json::from_str::<Spec>(&self.spec).map_err(|error| damaged(&error))?;
        Ok(Job {
            id: JobId::from_number(number(self.id)),
            spec: spec.into_spec()?,
            state: self.state.parse().map_err(|error| damaged(&error))?,
            progress: serde_json::from_str(&self.progress).map_err(|error| damaged(&error))?,
        })
    }
}

fn damaged(error: &dyn std::fmt::Display) -> CommandError {
    CommandError::damaged(format!("a job is not what was written: {error}"))
}

/// The request of a job, as JSON.
#[derive(Serialize, Deserialize)]
struct Spec {
    kind: JobKind,
    query: String,
    since: Option<i64>,
    until: Option<i64>,
    hook: Option<u64>,
    end: u64,
    pace: u32,
    stop_after: Option<u32>,
    scope: Option<Vec<String>>,
    by_kind: String,
    by: String,
    address: Option<String>,
    reason: Option<String>,
}

impl Spec {
    fn into_spec(self) -> CommandResult<JobSpec> {
        let kind: ActorKind = self.by_kind.parse().map_err(|error| damaged(&error))?;
        let address = self.address.and_then(|text| text.parse().ok());
        Ok(JobSpec {
            kind: self.kind,
            query: self.query,
            since: self.since.map(Millis),
            until: self.until.map(Millis),
            hook: self.hook.map(HookId::from_number),
            end: self.end,
            pace: self.pace,
            stop_after: self.stop_after,
            scope: self.scope.map(|apps| apps.iter().map(|app| AppName::trusted(app)).collect()),
            by: Actor { kind, name: self.by, address },
            reason: self.reason,
        })
    }
}

/// The request of a job, as text to store.
pub(crate) fn write_spec(spec: &JobSpec) -> String {
    let JobSpec { kind, query, since, until, hook, end, pace, stop_after, scope, by, reason } = spec;
    let spec = Spec {
        kind: *kind,
        query: query.clone(),
        since: since.map(|at| at.0),
        until: until.map(|at| at.0),
        hook: hook.map(HookId::number),
        end: *end,
        pace: *pace,
        stop_after: *stop_after,
        scope: scope.as_ref().map(|apps| apps.iter().map(ToString::to_string).collect()),
        by_kind: by.kind.as_str().to_owned(),
        by: by.name.clone(),
        address: by.address.map(|address| address.to_string()),
        reason: reason.clone(),
    };
    // Numbers and texts can be written.
    serde_json::to_string(&spec).unwrap_or_default()
}

/// How far a job is, as text to store.
pub(crate) fn write_progress(progress: &JobProgress) -> String {
    // Numbers and texts can be written.
    serde_json::to_string(progress).unwrap_or_default()
}

/// The outcome of an item as a column.
pub(crate) const fn outcome_code(outcome: ItemOutcome) -> i64 {
    match outcome {
        ItemOutcome::Waiting => 0,
        ItemOutcome::Ok => 1,
        ItemOutcome::Failed => 2,
        ItemOutcome::Skipped => 3,
    }
}

/// Reads the columns of an item.
pub(crate) fn item(row: &Row<'_>) -> CommandResult<JobItem> {
    let code: i64 = row.get(4)?;
    let outcome = ItemOutcome::ALL.iter().copied().find(|outcome| outcome_code(*outcome) == code);
    let delivery: Option<i64> = row.get(1)?;
    Ok(JobItem {
        source: number(row.get(0)?),
        delivery: delivery.map(|delivery| DeliveryId::from_number(number(delivery))),
        event: EventId::from_number(number(row.get(2)?)),
        app: row.get(3)?,
        outcome: outcome.ok_or_else(|| damaged(&format!("no outcome has the number {code}")))?,
        attempts: row.get(5)?,
        text: row.get(6)?,
    })
}
