//! The task that runs jobs: a portion of each at a time, as fast as its pace allows.

use super::plan::{Picked, Plan};
use crate::claims::Claims;
use crate::drain::Drain;
use crate::lanes::Lanes;
use crate::registry::AppRegistry;
use footbridge_journal::{Claim, JobStep, Journal, JournalError, Partition, SteppedJob};
use footbridge_model::id::{IdSource, JobId};
use footbridge_model::job::{Job, JobState};
use footbridge_model::name::AppName;
use footbridge_model::query::Query;
use footbridge_model::time::{Clock, Millis};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// The time between two portions of a job.
const TICK: Duration = Duration::from_millis(200);
/// The time between two searches for jobs while none is open: another server may have left some.
const IDLE: Duration = Duration::from_secs(5);
/// The pause after the journal could not answer.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// The most jobs that run at once; further ones are queued.
const RUNNING: usize = 8;
/// The rows of one step of selecting.
const SELECT: u32 = 1000;
/// The most rows of a job. Their numbers are in memory while it runs.
const MOST: usize = 5_000_000;
/// The most attempts of a job that have not ended, whatever its pace.
const WINDOW: u64 = 500;

/// The parts that a runner is built from.
pub(crate) struct JobRunnerOptions {
    pub(crate) registry: Arc<AppRegistry>,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) claims: Claims,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<IdSource>,
    pub(crate) lanes: Lanes,
    pub(crate) drain: Arc<Drain>,
    pub(crate) wake: Arc<Notify>,
}

/// Runs jobs. Runs beside the dispatcher.
pub struct JobRunner {
    options: JobRunnerOptions,
    jobs: BTreeMap<JobId, Running>,
}

impl std::fmt::Debug for JobRunner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JobRunner").finish_non_exhaustive()
    }
}

/// A job in memory.
struct Running {
    query: Query,
    /// The receiving apps that were found so far.
    apps: BTreeSet<AppName>,
    /// The numbers of the rows that matched when the job began and are still to do: it takes these and no others.
    selected: VecDeque<u64>,
    /// The number after which selecting goes on; `None` when it is complete.
    selecting: Option<u64>,
    /// When the job began, if it was selected before the server started again.
    resumed_from: Option<Millis>,
    /// True once no other job has one of its receivers.
    admitted: bool,
    /// The deliveries that the pace allows now.
    allowance: f64,
    /// When the allowance was computed.
    at: Instant,
}

impl Running {
    fn new(job: &Job, query: Query) -> Self {
        Self {
            query,
            apps: BTreeSet::new(),
            selected: VecDeque::new(),
            selecting: Some(job.progress.cursor),
            resumed_from: job.progress.matched.and(job.progress.started_at).map(Millis),
            admitted: false,
            allowance: 0.0,
            at: Instant::now(),
        }
    }

    /// Takes the next rows that the job has selected: at most `most`.
    fn take(&mut self, most: u32) -> Vec<u64> {
        let most = usize::try_from(most).unwrap_or(usize::MAX).min(self.selected.len());
        let taken: Vec<u64> = self.selected.drain(..most).collect();
        self.allowance -= f64::from(u32::try_from(taken.len()).unwrap_or(u32::MAX));
        taken
    }

    /// The number of rows that the job may take now.
    fn portion(&mut self, job: &Job) -> u32 {
        let pace = f64::from(job.spec.pace);
        let passed = self.at.elapsed().as_secs_f64();
        self.at = Instant::now();
        // A job that was held up does not catch up at once.
        self.allowance = (self.allowance + pace * passed).min((pace * 2.0 * TICK.as_secs_f64()).max(1.0));
        let window = u64::from(job.spec.pace).clamp(4, WINDOW).saturating_sub(job.progress.waiting);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is between 0 and twice the highest pace"
        )]
        let allowed = self.allowance as u32;
        allowed.min(u32::try_from(window).unwrap_or(u32::MAX))
    }
}

impl JobRunner {
    pub(crate) const fn new(options: JobRunnerOptions) -> Self {
        Self { options, jobs: BTreeMap::new() }
    }

    /// Runs jobs for ever.
    pub async fn run(mut self) {
        loop {
            let pause = match self.turn().await {
                Ok(pause) => pause,
                Err(error) => {
                    if !error.is_temporary() && error != JournalError::Fenced {
                        tracing::warn!(%error, "jobs cannot go on at the moment");
                    }
                    RETRY_AFTER
                }
            };
            tokio::select! {
                () = self.options.wake.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Does a portion of each job; returns the pause until the next turn.
    async fn turn(&mut self) -> Result<Duration, JournalError> {
        // One server runs all jobs. They go on when a server that stops has started again.
        let claim = self.options.claims.get(Partition::RETENTION);
        let Some(claim) = claim.filter(|_| !self.options.drain.is_draining()) else {
            self.jobs.clear();
            return Ok(IDLE);
        };
        let open = self.options.journal.open_jobs().await?;
        self.jobs.retain(|id, _| open.iter().any(|job| job.id == *id && job.state.is_open()));
        let pause = if open.is_empty() { IDLE } else { TICK };
        for job in open {
            if !job.state.is_open() {
                self.step(claim, &job, 0).await?;
            } else if self.is_ready(&job).await? {
                let portion = self.jobs.get_mut(&job.id).map_or(0, |running| running.portion(&job));
                self.step(claim, &job, portion).await?;
            }
        }
        Ok(pause)
    }

    /// Returns true if the job may go on: its rows are selected, and no other job has one of its receivers.
    async fn is_ready(&mut self, job: &Job) -> Result<bool, JournalError> {
        if !self.jobs.contains_key(&job.id) {
            if self.jobs.len() >= RUNNING {
                return Ok(false);
            }
            let Ok(query) = Query::parse(&job.spec.query) else {
                // Stored by a version that knows other terms.
                self.fail(job, "this version of the server cannot read its query".to_owned()).await?;
                return Ok(false);
            };
            self.jobs.insert(job.id, Running::new(job, query));
        }
        self.select(job).await?;
        let Some(running) = self.jobs.get(&job.id) else { return Ok(false) };
        if running.selected.len() > MOST {
            let why = format!("more than {MOST} rows match; limit the query, for example with `until:`");
            self.fail(job, why).await?;
            self.jobs.remove(&job.id);
            return Ok(false);
        }
        if running.selecting.is_some() {
            return Ok(false);
        }
        let shares = |other: &Running| other.admitted && !other.apps.is_disjoint(&running.apps);
        let free = running.admitted || !self.jobs.values().any(shares);
        if let Some(running) = self.jobs.get_mut(&job.id).filter(|running| free && !running.admitted) {
            (running.admitted, running.at) = (true, Instant::now());
        }
        Ok(free)
    }

    /// Ends a job that cannot go on.
    async fn fail(&self, job: &Job, why: String) -> Result<(), JournalError> {
        let now = self.options.clock.now();
        self.options.journal.end_job(job.id, JobState::Failed, why, now, Vec::new()).await.map(drop)
    }

    /// Selects rows of a job further, and collects their receivers.
    async fn select(&mut self, job: &Job) -> Result<(), JournalError> {
        let Some(running) = self.jobs.get_mut(&job.id) else { return Ok(()) };
        let Some(after) = running.selecting else { return Ok(()) };
        let plan = plan(&self.options);
        let found = plan.next(&job.spec, &running.query, after, SELECT).await?;
        running.selected.extend(found.rows.iter().map(Picked::number));
        running.apps.extend(found.rows.iter().filter_map(|row| plan.receiver(&job.spec, row)));
        running.selecting = found.next;
        if running.selecting.is_some() {
            // The next turn need not wait.
            self.options.wake.notify_one();
        }
        Ok(())
    }

    /// Settles what has ended, and does the next `portion` rows of a job.
    async fn step(&mut self, claim: Claim, job: &Job, portion: u32) -> Result<(), JournalError> {
        let mut step = JobStep {
            claim,
            job: job.id,
            now: self.options.clock.now(),
            matched: None,
            items: Vec::new(),
            cursor: job.progress.cursor,
            last: false,
        };
        if let Some(running) = self.jobs.get_mut(&job.id) {
            let selected = running.selected.len() as u64;
            step.matched = Some(selected + job.progress.done() + job.progress.waiting);
            let plan = plan(&self.options);
            for number in running.take(portion) {
                let row = plan.row(&job.spec, number).await?;
                let row = row.filter(|row| !row.died_since(running.resumed_from));
                step.items.extend(row.map(|row| plan.item(&job.spec, &running.query, &row)));
                step.cursor = number;
            }
            step.last = running.selected.is_empty() && running.selecting.is_none();
        }
        let stepped = self.options.journal.step_job(step).await;
        if stepped.is_err() {
            // What was read is read again, from where the journal stands.
            self.jobs.remove(&job.id);
        }
        let SteppedJob { due, cancelled, .. } = stepped?;
        self.options.lanes.wake(due);
        for (delivery, hook) in cancelled {
            self.options.lanes.withdraw(hook, delivery).await;
        }
        Ok(())
    }
}

fn plan(options: &JobRunnerOptions) -> Plan<'_> {
    let JobRunnerOptions { registry, journal, clock, ids, .. } = options;
    Plan { registry, journal: &**journal, clock: &**clock, ids }
}
