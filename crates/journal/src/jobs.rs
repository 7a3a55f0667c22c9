//! The port of jobs.

use crate::{Claim, Page, Partition, Wait};
use footbridge_model::audit::AuditEntry;
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::id::{DeliveryId, EventId, HookId, JobId};
use footbridge_model::job::{ItemOutcome, Job, JobItem, JobKind, JobState};
use footbridge_model::name::AppName;
use footbridge_model::time::Millis;

/// The act on one delivery or event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobAct {
    /// Attempts the delivery again.
    Retry(DeliveryId),
    /// Makes the delivery `id` with the event and the hook of `of`.
    Replay {
        /// The delivery that has ended.
        of: DeliveryId,
        /// The id of the new one.
        id: DeliveryId,
    },
    /// Makes the delivery `id` of the item's event to a hook.
    Deliver {
        /// The id of the new delivery.
        id: DeliveryId,
        /// The hook that it goes to.
        hook: HookId,
        /// The partition of the hook's app.
        partition: Partition,
    },
    /// Cancels the delivery if it is pending.
    Cancel(DeliveryId),
    /// Does nothing, for this reason.
    Skip {
        /// The delivery that was selected.
        delivery: Option<DeliveryId>,
        /// The reason in words.
        reason: &'static str,
    },
}

/// One delivery or event that a job deals with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJobItem {
    /// The number of the delivery or event that was selected.
    pub source: u64,
    /// The event of the delivery.
    pub event: EventId,
    /// The name of the receiving app.
    pub app: AppName,
    /// The act on it.
    pub act: JobAct,
}

/// One portion of a job.
#[derive(Debug, Clone)]
pub struct JobStep {
    /// The right to run jobs: that of [`Partition::RETENTION`].
    pub claim: Claim,
    /// The job that goes on.
    pub job: JobId,
    /// The current time of day.
    pub now: Millis,
    /// How many rows match, when they were counted.
    pub matched: Option<u64>,
    /// The next items, in the order of their numbers.
    pub items: Vec<NewJobItem>,
    /// The last number that was looked at for them.
    pub cursor: u64,
    /// True if nothing more follows.
    pub last: bool,
}

/// The outcome of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SteppedJob {
    /// The job after the step.
    pub job: Job,
    /// The hooks with deliveries that are due.
    pub due: Vec<HookId>,
    /// The deliveries that were cancelled, with their hooks.
    pub cancelled: Vec<(DeliveryId, HookId)>,
}

/// Stores jobs, and runs their steps.
pub trait Jobs: Send + Sync {
    /// Stores a new job.
    fn create_job(&self, job: Job, audit: Vec<AuditEntry>) -> Wait<()>;

    /// Returns the job of this id.
    fn job(&self, id: JobId) -> Wait<Option<Job>>;

    /// Returns jobs, newest first.
    fn jobs(&self, page: Page) -> Wait<Vec<Job>>;

    /// Returns the jobs that change further deliveries, or wait for the end of attempts, oldest first.
    fn open_jobs(&self) -> Wait<Vec<Job>>;

    /// Settles what has ended since, and does the items of a step if the job is open. Deliveries, items and the job change
    /// together. Items of a job that was stopped are ignored.
    fn step_job(&self, step: JobStep) -> Wait<SteppedJob>;

    /// Ends an open job with this state. Attempts in flight end normally. Returns the job; one that has ended stays as it
    /// is, without an entry of the audit log.
    fn end_job(
        &self,
        id: JobId,
        state: JobState,
        text: String,
        now: Millis,
        audit: Vec<AuditEntry>,
    ) -> Wait<Job>;

    /// Returns items of a job whose source is above `after`, in the order of their sources.
    fn job_items(
        &self,
        id: JobId,
        outcome: Option<ItemOutcome>,
        after: Option<u64>,
        limit: u32,
    ) -> Wait<Vec<JobItem>>;
}

/// The state of a delivery, as a step of a job needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryNow {
    /// The status that is stored.
    pub status: DeliveryStatus,
    /// The number of attempts that have ended.
    pub attempts: u32,
    /// The hook of the delivery.
    pub hook: HookId,
    /// The status of the last answer.
    pub last_status: Option<u16>,
    /// The error of the last attempt.
    pub last_error: Option<String>,
}

/// A delivery that a job adds to an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddedDelivery {
    /// The id of the new delivery.
    pub id: DeliveryId,
    /// The hook that it goes to.
    pub hook: HookId,
    /// The partition of the hook's app; `None` for that of the hook's other deliveries.
    pub partition: Option<Partition>,
}

/// The rows that a step reads and writes, in one transaction. Each store implements it, and [`take_step`] does the rest.
pub trait JobRows {
    /// The error of the store.
    type Error: From<crate::JournalError>;

    /// Returns the job.
    ///
    /// # Errors
    /// The error of the store; the same holds for the other methods.
    fn job(&mut self, id: JobId) -> Result<Option<Job>, Self::Error>;

    /// Stores the state and the progress of a job.
    fn put_job(&mut self, job: &Job) -> Result<(), Self::Error>;

    /// Returns the items that wait, in the order of their sources.
    fn waiting(&mut self, id: JobId) -> Result<Vec<JobItem>, Self::Error>;

    /// Stores an item, new or known.
    fn put_item(&mut self, id: JobId, item: &JobItem) -> Result<(), Self::Error>;

    /// Returns the state of a delivery, if it is stored and its hook is not deleted.
    fn delivery_now(&mut self, id: DeliveryId) -> Result<Option<DeliveryNow>, Self::Error>;

    /// Makes a delivery due. Returns false if it has ended with success or its hook is deleted.
    fn retry_delivery(&mut self, id: DeliveryId, now: Millis) -> Result<bool, Self::Error>;

    /// Makes a new delivery of an event. Returns false if the event or the hook is deleted.
    fn deliver(&mut self, event: EventId, new: AddedDelivery, now: Millis) -> Result<bool, Self::Error>;

    /// Cancels a pending delivery.
    fn cancel_delivery(&mut self, id: DeliveryId, reason: &str) -> Result<(), Self::Error>;
}

/// Takes a step of a job.
///
/// # Errors
/// [`NotFound`](crate::JournalError::NotFound) if there is no such job, or the error of the store.
pub fn take_step<R: JobRows>(rows: &mut R, step: JobStep) -> Result<SteppedJob, R::Error> {
    let Some(mut job) = rows.job(step.job)? else {
        return Err(crate::JournalError::NotFound("job").into());
    };
    let before = job.clone();
    let mut stepped = SteppedJob { job: before.clone(), due: Vec::new(), cancelled: Vec::new() };
    settle(rows, &mut job)?;
    if let Some(most) =
        job.spec.stop_after.filter(|most| job.state.is_open() && job.progress.in_a_row >= *most)
    {
        end(&mut job, JobState::Failed, format!("gave up after {most} failures in a row"), step.now);
    }
    if job.state.is_open() {
        job.state = JobState::Running;
        job.progress.started_at.get_or_insert(step.now.0);
        job.progress.text = None;
        job.progress.matched = job.progress.matched.or(step.matched);
        for item in step.items {
            act(rows, &mut job, item, step.now, &mut stepped)?;
        }
        job.progress.cursor = job.progress.cursor.max(step.cursor);
        if step.last && job.progress.waiting == 0 {
            leave_out_the_rest(&mut job);
            job.state = JobState::Done;
            job.progress.ended_at = Some(step.now.0);
        }
    }
    if job != before {
        rows.put_job(&job)?;
    }
    stepped.job = job;
    Ok(stepped)
}

/// Counts what matched and was never done: rows that were deleted, or that did not match any more when the server had started
/// again.
fn leave_out_the_rest(job: &mut Job) {
    let progress = &mut job.progress;
    let rest = progress.matched.unwrap_or_default().saturating_sub(progress.done());
    if rest > 0 {
        *progress.skipped.entry(LEFT.to_owned()).or_default() += rest;
    }
}

/// Ends a job if it is open. Returns it, and true if it was open.
///
/// # Errors
/// [`NotFound`](crate::JournalError::NotFound) if there is no such job, or the error of the store.
pub fn end_job<R: JobRows>(
    rows: &mut R,
    id: JobId,
    state: JobState,
    text: String,
    now: Millis,
) -> Result<(Job, bool), R::Error> {
    let Some(mut job) = rows.job(id)? else {
        return Err(crate::JournalError::NotFound("job").into());
    };
    let was_open = job.state.is_open();
    if was_open {
        end(&mut job, state, text, now);
        rows.put_job(&job)?;
    }
    Ok((job, was_open))
}

/// Ends a job with this state.
fn end(job: &mut Job, state: JobState, text: String, now: Millis) {
    job.state = state;
    job.progress.text = Some(text);
    job.progress.ended_at = Some(now.0);
}

/// Settles the items whose attempt has ended.
fn settle<R: JobRows>(rows: &mut R, job: &mut Job) -> Result<(), R::Error> {
    if job.progress.waiting == 0 {
        return Ok(());
    }
    for mut item in rows.waiting(job.id)? {
        let now = match item.delivery {
            Some(delivery) => rows.delivery_now(delivery)?,
            None => None,
        };
        let (outcome, text) = match now {
            None => (ItemOutcome::Failed, Some("the delivery or its hook was deleted".to_owned())),
            Some(now) => match now.status {
                DeliveryStatus::Delivered | DeliveryStatus::Unanswered => (ItemOutcome::Ok, None),
                DeliveryStatus::Pending if now.attempts <= item.attempts => continue,
                _ => {
                    let status = now.last_status.map(|status| status.to_string());
                    (ItemOutcome::Failed, now.last_error.or(status))
                }
            },
        };
        (item.outcome, item.text) = (outcome, text);
        rows.put_item(job.id, &item)?;
        job.progress.settle(outcome);
    }
    Ok(())
}

/// Does the act of one item, and stores the item with what came of it.
fn act<R: JobRows>(
    rows: &mut R,
    job: &mut Job,
    item: NewJobItem,
    now: Millis,
    stepped: &mut SteppedJob,
) -> Result<(), R::Error> {
    let NewJobItem { source, event, app, act } = item;
    let app = app.to_string();
    let mut done = JobItem {
        source,
        delivery: None,
        event,
        app,
        outcome: ItemOutcome::Skipped,
        attempts: 0,
        text: None,
    };
    let skip = perform(rows, job, act, now, &mut done, stepped)?;
    let progress = &mut job.progress;
    match skip {
        Some(reason) => {
            *progress.skipped.entry(reason.to_owned()).or_default() += 1;
            done.text = Some(reason.to_owned());
        }
        None if job.spec.kind == JobKind::Cancel => {
            done.outcome = ItemOutcome::Ok;
            progress.ok += 1;
        }
        None => {
            done.outcome = ItemOutcome::Waiting;
            progress.waiting += 1;
        }
    }
    rows.put_item(job.id, &done)
}

/// Performs an act. Returns the reason if the item is left out.
fn perform<R: JobRows>(
    rows: &mut R,
    job: &Job,
    act: JobAct,
    now: Millis,
    done: &mut JobItem,
    stepped: &mut SteppedJob,
) -> Result<Option<&'static str>, R::Error> {
    Ok(match act {
        JobAct::Skip { delivery, reason } => {
            done.delivery = delivery;
            Some(reason)
        }
        JobAct::Retry(id) => {
            done.delivery = Some(id);
            match rows.delivery_now(id)? {
                None => Some(HOOK_GONE),
                Some(before) if rows.retry_delivery(id, now)? => {
                    done.attempts = before.attempts;
                    stepped.due.push(before.hook);
                    None
                }
                Some(_) => Some(DELIVERED),
            }
        }
        JobAct::Replay { of, id } => match rows.delivery_now(of)? {
            None => Some(HOOK_GONE),
            Some(old) if old.status == DeliveryStatus::Pending => Some(PENDING),
            Some(old) => {
                deliver(rows, done, AddedDelivery { id, hook: old.hook, partition: None }, now, stepped)?
            }
        },
        JobAct::Deliver { id, hook, partition } => {
            deliver(rows, done, AddedDelivery { id, hook, partition: Some(partition) }, now, stepped)?
        }
        JobAct::Cancel(id) => {
            done.delivery = Some(id);
            match rows.delivery_now(id)? {
                Some(DeliveryNow { status: DeliveryStatus::Pending, hook, .. }) => {
                    let reason = job.spec.reason.as_deref().unwrap_or("cancelled by a job");
                    rows.cancel_delivery(id, reason)?;
                    stepped.cancelled.push((id, hook));
                    None
                }
                _ => Some(ENDED),
            }
        }
    })
}

/// Makes a new delivery for an item. Returns the reason if that is not possible.
fn deliver<R: JobRows>(
    rows: &mut R,
    item: &mut JobItem,
    new: AddedDelivery,
    now: Millis,
    stepped: &mut SteppedJob,
) -> Result<Option<&'static str>, R::Error> {
    if !rows.deliver(item.event, new, now)? {
        return Ok(Some(EVENT_GONE));
    }
    item.delivery = Some(new.id);
    stepped.due.push(new.hook);
    Ok(None)
}

/// The reasons of items that are left out.
const HOOK_GONE: &str = "its hook was deleted";
const EVENT_GONE: &str = "its event or hook was deleted";
const DELIVERED: &str = "it was delivered already";
const PENDING: &str = "it is pending";
const LEFT: &str = "it was deleted, or did not match any more";
const ENDED: &str = "it has ended already";
