//! Jobs: the same act on many deliveries, in the background.

use super::build::Engine;
use crate::detached::detached;
use crate::jobs::{self, JobError, JobPreview, JobRequest, Plan};
use footbridge_journal::{JournalError, Page};
use footbridge_model::audit::{AuditEntry, AuditObject};
use footbridge_model::id::{JobId, LAST_NUMBER};
use footbridge_model::job::{ItemOutcome, Job, JobItem, JobProgress, JobSpec, JobState};
use footbridge_model::query::Query;

/// The most jobs that are open.
const OPEN_JOBS: usize = 100;
/// The longest part of a reason in the audit log.
const STOPPED: &str = "stopped by";

impl Engine {
    /// Makes a job, and runs it in the background. It survives a restart.
    ///
    /// # Errors
    /// [`JobError`]
    pub async fn create_job(&self, request: JobRequest) -> Result<Job, JobError> {
        let open = self.0.journal.open_jobs().await?.iter().filter(|job| job.state.is_open()).count();
        if open >= OPEN_JOBS {
            return Err(JobError::TooMany(open));
        }
        // Above every id that exists: replays that the job makes do not belong to it.
        let end = self.0.ids.next(self.now());
        let spec = jobs::spec(&self.0.registry, request, &self.actor(), (self.now(), end))?;
        let id = JobId::from_number(self.0.ids.next(self.now()));
        let entry = self.entry("job.create", AuditObject::new("job", id));
        let audit = footbridge_model::audit::AuditEntry {
            after: Some(members(&spec)),
            note: spec.reason.clone(),
            ..entry
        };
        let job = Job { id, spec, state: JobState::Queued, progress: JobProgress::default() };
        let (inner, made) = (self.0.clone(), job.clone());
        detached(async move { inner.journal.create_job(made, vec![audit]).await }).await?;
        self.0.wake_jobs.notify_one();
        Ok(job)
    }

    /// Counts what a job would do, for some seconds at most.
    ///
    /// # Errors
    /// [`JobError`]
    pub async fn preview_job(&self, request: JobRequest) -> Result<JobPreview, JobError> {
        let spec = jobs::spec(&self.0.registry, request, &self.actor(), (self.now(), LAST_NUMBER))?;
        let query = Query::parse(&spec.query)?;
        let inner = &self.0;
        let plan = Plan {
            registry: &inner.registry,
            journal: &*inner.journal,
            ids: &inner.ids,
            clock: &*inner.clock,
        };
        Ok(jobs::preview(&plan, &spec, &query).await?)
    }

    /// The job of this id.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn job(&self, id: JobId) -> Result<Option<Job>, JournalError> {
        self.0.journal.job(id).await
    }

    /// Jobs, newest first.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn jobs(&self, page: Page) -> Result<Vec<Job>, JournalError> {
        self.0.journal.jobs(page).await
    }

    /// Stops a job, and returns it. Attempts in flight end normally.
    ///
    /// # Errors
    /// [`JobError`]
    pub async fn stop_job(&self, id: JobId) -> Result<Job, JobError> {
        let before = self.job(id).await?.ok_or(JobError::NoSuchJob)?.state;
        let state = |state: JobState| Some(serde_json::json!({"state": state.as_str()}).to_string());
        let entry = self.entry("job.stop", AuditObject::new("job", id));
        let audit = vec![AuditEntry { before: state(before), after: state(JobState::Stopped), ..entry }];
        let (inner, now) = (self.0.clone(), self.now());
        let text = format!("{STOPPED} {}", self.actor().name);
        let stopped =
            detached(async move { inner.journal.end_job(id, JobState::Stopped, text, now, audit).await })
                .await;
        self.0.wake_jobs.notify_one();
        stopped.map_err(|error| match error {
            JournalError::NotFound(_) => JobError::NoSuchJob,
            other => other.into(),
        })
    }

    /// Items of a job in the order of their sources.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn job_items(
        &self,
        id: JobId,
        outcome: Option<ItemOutcome>,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<JobItem>, JournalError> {
        self.0.journal.job_items(id, outcome, after, limit).await
    }
}

/// The members of a job that the audit log names.
fn members(spec: &JobSpec) -> String {
    serde_json::json!({
        "kind": spec.kind.as_str(),
        "q": spec.query,
        "hook": spec.hook,
        "pace": spec.pace,
        "stop_after": spec.stop_after,
    })
    .to_string()
}
