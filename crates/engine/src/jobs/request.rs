//! Requests for jobs, and their checks.

use crate::registry::AppRegistry;
use footbridge_journal::JournalError;
use footbridge_model::audit::Actor;
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::id::HookId;
use footbridge_model::job::{JobKind, JobSpec};
use footbridge_model::name::AppName;
use footbridge_model::query::{Condition, Query, QueryError, StatusWord, Subject};
use footbridge_model::time::Millis;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// The paces that a job may have, in deliveries a second.
const PACES: RangeInclusive<u32> = 1..=1000;
/// The pace of a job that names none.
const PACE: u32 = 50;

/// A request for a job.
#[derive(Debug, Clone)]
pub struct JobRequest {
    /// The act on each delivery.
    pub kind: JobKind,
    /// The query that selects deliveries; with `hook` it selects events.
    pub query: Query,
    /// The hook that replayed events go to.
    pub hook: Option<HookId>,
    /// The most deliveries in a second.
    pub pace: Option<u32>,
    /// The job gives up after this many failures in a row.
    pub stop_after: Option<u32>,
    /// The reason, for people.
    pub reason: Option<String>,
    /// The apps that whoever asks is limited to.
    pub scope: Option<BTreeSet<AppName>>,
}

/// The reason why a job was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// A member of the request is wrong.
    #[error("`{member}` {why}")]
    Invalid {
        /// The name of the member.
        member: &'static str,
        /// The fault, as the end of a sentence.
        why: String,
    },
    /// There is no such job.
    #[error("there is no such job")]
    NoSuchJob,
    /// Too many jobs wait.
    #[error("{0} jobs run or wait already; wait until one has ended, or stop one")]
    TooMany(usize),
    /// The journal could not do it.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl From<QueryError> for JobError {
    fn from(error: QueryError) -> Self {
        Self::invalid("q", format!("is wrong: {error}"))
    }
}

impl JobError {
    fn invalid(member: &'static str, why: impl Into<String>) -> Self {
        Self::Invalid { member, why: why.into() }
    }
}

/// Checks a request, and writes down what the job does. A query without a status gets the one that fits the act.
pub(crate) fn spec(
    registry: &AppRegistry,
    request: JobRequest,
    by: &Actor,
    (now, end): (Millis, u64),
) -> Result<JobSpec, JobError> {
    let JobRequest { kind, query, hook, pace, stop_after, reason, scope } = request;
    if let Some(hook) = hook {
        if kind != JobKind::Replay {
            return Err(JobError::invalid("hook", "is only for the kind `replay`"));
        }
        if registry.index.load().hook(hook).is_none() {
            return Err(JobError::invalid("hook", format!("names {hook}, which does not exist")));
        }
    }
    query.check_for(if hook.is_some() { Subject::Events } else { Subject::Deliveries })?;
    if query.is_empty() && kind != JobKind::Retry {
        let why =
            format!("must limit a job of the kind `{}`, such as `since:2h` or `to:mailer`", kind.as_str());
        return Err(JobError::invalid("q", why));
    }
    let pace = pace.unwrap_or(PACE);
    if !PACES.contains(&pace) {
        let why = format!("must be {} to {}", PACES.start(), PACES.end());
        return Err(JobError::invalid("pace", why));
    }
    if stop_after == Some(0) {
        return Err(JobError::invalid("stop_after", "must be at least 1"));
    }
    let (since, until) = query.times(now);
    let query = if hook.is_some() { query } else { with_status(query, kind) };
    let query = query.to_string();
    Ok(JobSpec { kind, query, since, until, hook, end, pace, stop_after, scope, by: by.clone(), reason })
}

/// Adds the status that fits the act if the query names none.
fn with_status(query: Query, kind: JobKind) -> Query {
    let status = |condition: &Condition| matches!(condition, Condition::Status(_));
    if query.terms().iter().any(|term| status(&term.condition)) {
        return query;
    }
    query.and(Condition::Status(StatusWord::Delivery(match kind {
        JobKind::Retry => DeliveryStatus::Dead,
        JobKind::Replay => DeliveryStatus::Delivered,
        JobKind::Cancel => DeliveryStatus::Pending,
    })))
}
