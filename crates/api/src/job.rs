//! Bodies of requests and answers about jobs.

use crate::{Delivery, Searched};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A request for a job: the same act on many deliveries, in the background.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewJob {
    /// `retry` attempts the same deliveries again, `replay` delivers their events once more, `cancel` ends pending ones.
    #[schema(example = "retry")]
    pub kind: String,
    /// Query that selects deliveries; with `hook` it selects events. Without a `status:` term, a retry selects dead
    /// deliveries, a replay delivered ones, and a cancellation pending ones.
    #[serde(default)]
    #[schema(example = "status:dead to:mailer since:2h code:503")]
    pub q: String,
    /// Hook that replayed events go to, in place of the hooks of their deliveries. It may be younger than the events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hook: Option<String>,
    /// If true, nothing is done: the answer counts what the job would do.
    #[serde(default)]
    pub dry_run: bool,
    /// The most deliveries in a second, 1 to 1000, else 50.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pace: Option<u32>,
    /// The job gives up after this many failures in a row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_after: Option<u32>,
    /// Reason, for the audit log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A job, and how far it is.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Job {
    #[schema(example = "job_01hzx3v9k7q2m")]
    pub id: String,
    /// `retry`, `replay` or `cancel`.
    pub kind: String,
    pub q: String,
    /// Hook that replayed events go to.
    pub hook: Option<String>,
    /// `queued` while it is counted or another job has one of its receivers, `running`, `stopped` by a person, `done`, or
    /// `failed` if it gave up.
    pub state: String,
    /// Number of deliveries or events that match; `null` until they are counted.
    pub matched: Option<u64>,
    /// Number of them that the job has dealt with: the sum of `ok`, `failed` and `skipped`.
    pub done: u64,
    pub ok: u64,
    pub failed: u64,
    /// Number of them whose attempt has not ended.
    pub waiting: u64,
    pub skipped: Vec<ReasonCount>,
    pub pace: u32,
    pub stop_after: Option<u32>,
    /// Deliveries a second since the job began.
    pub rate: f64,
    pub by: String,
    pub reason: Option<String>,
    #[schema(format = DateTime)]
    pub made_at: String,
    #[schema(format = DateTime)]
    pub started_at: Option<String>,
    #[schema(format = DateTime)]
    pub ended_at: Option<String>,
    /// Why the job has ended, in words.
    pub text: Option<String>,
}

/// A reason to skip, and how often it holds.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ReasonCount {
    pub reason: String,
    pub count: u64,
}

/// A value, and how often it occurs.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ValueCount {
    pub value: String,
    pub count: u64,
}

/// The outcome of a dry run: counts of what a job would do.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct JobPreview {
    /// Number of deliveries or events that match, those to skip included.
    pub matched: u64,
    /// Number of receiving apps.
    pub apps: u64,
    /// Time of the oldest one.
    #[schema(format = DateTime)]
    pub oldest: Option<String>,
    /// HTTP statuses of the last answers; `none` without an answer.
    pub by_code: Vec<ValueCount>,
    pub by_name: Vec<ValueCount>,
    pub by_app: Vec<ValueCount>,
    pub skip: Vec<ReasonCount>,
    /// The oldest deliveries, at most 20.
    pub sample: Vec<Delivery>,
    pub searched: Searched,
}

/// One delivery that a job has dealt with.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct JobItem {
    /// The delivery that is attempted; `null` if there is none.
    pub delivery_id: Option<String>,
    pub event_id: String,
    pub app: String,
    /// `ok`, `failed`, `skipped`, or `waiting` until the attempt ends.
    pub outcome: String,
    /// Error, or the reason to skip.
    pub text: Option<String>,
}
