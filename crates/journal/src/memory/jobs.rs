//! Jobs of a store in memory.

use super::gate::CallKind;
use super::handle::MemoryJournal;
use super::state::State;
use crate::{
    AddedDelivery, DeliveryNow, JobRows, JobStep, Jobs, JournalError, NewDelivery, Page, Retried, SteppedJob,
    Wait, end_job, take_step,
};
use footbridge_model::audit::AuditEntry;
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::id::{DeliveryId, EventId, JobId};
use footbridge_model::job::{ItemOutcome, Job, JobItem, JobState};
use footbridge_model::time::Millis;

impl Jobs for MemoryJournal {
    fn create_job(&self, job: Job, audit: Vec<AuditEntry>) -> Wait<()> {
        self.call(CallKind::Job, move |state, _| {
            state.saw(job.id.number());
            state.jobs.insert(job.id, job);
            state.add_audit(audit);
            Ok(())
        })
    }

    fn job(&self, id: JobId) -> Wait<Option<Job>> {
        self.call(CallKind::Read, move |state, _| Ok(state.jobs.get(&id).cloned()))
    }

    fn jobs(&self, page: Page) -> Wait<Vec<Job>> {
        self.call(CallKind::Read, move |state, _| {
            let shown = state.jobs.values().rev().filter(|job| page.shows(job.id.number()));
            Ok(shown.take(page.size()).cloned().collect())
        })
    }

    fn open_jobs(&self) -> Wait<Vec<Job>> {
        self.call(CallKind::Read, |state, _| {
            let open = |job: &&Job| job.state.is_open() || job.progress.waiting > 0;
            Ok(state.jobs.values().filter(open).cloned().collect())
        })
    }

    fn step_job(&self, step: JobStep) -> Wait<SteppedJob> {
        self.call(CallKind::Job, move |state, session| {
            state.check_claim(session, step.claim)?;
            take_step(state, step)
        })
    }

    fn end_job(
        &self,
        id: JobId,
        to: JobState,
        text: String,
        now: Millis,
        audit: Vec<AuditEntry>,
    ) -> Wait<Job> {
        self.call(CallKind::Job, move |state, _| {
            let (job, was_open) = end_job(state, id, to, text, now)?;
            if was_open {
                state.add_audit(audit);
            }
            Ok(job)
        })
    }

    fn job_items(
        &self,
        id: JobId,
        outcome: Option<ItemOutcome>,
        after: Option<u64>,
        limit: u32,
    ) -> Wait<Vec<JobItem>> {
        self.call(CallKind::Read, move |state, _| {
            let items = state.job_items.range((id, 0)..=(id, u64::MAX)).map(|(_, item)| item);
            let wanted = |item: &&JobItem| {
                after.is_none_or(|after| item.source > after)
                    && outcome.is_none_or(|wanted| item.outcome == wanted)
            };
            Ok(items.filter(wanted).take(usize::try_from(limit).unwrap_or(usize::MAX)).cloned().collect())
        })
    }
}

impl JobRows for State {
    type Error = JournalError;

    fn job(&mut self, id: JobId) -> Result<Option<Job>, JournalError> {
        Ok(self.jobs.get(&id).cloned())
    }

    fn put_job(&mut self, job: &Job) -> Result<(), JournalError> {
        self.jobs.insert(job.id, job.clone());
        Ok(())
    }

    fn waiting(&mut self, id: JobId) -> Result<Vec<JobItem>, JournalError> {
        let items = self.job_items.range((id, 0)..=(id, u64::MAX)).map(|(_, item)| item);
        Ok(items.filter(|item| item.outcome == ItemOutcome::Waiting).cloned().collect())
    }

    fn put_item(&mut self, id: JobId, item: &JobItem) -> Result<(), JournalError> {
        self.job_items.insert((id, item.source), item.clone());
        Ok(())
    }

    fn delivery_now(&mut self, id: DeliveryId) -> Result<Option<DeliveryNow>, JournalError> {
        let Some(row) = self.deliveries.get(&id) else { return Ok(None) };
        let delivery = &row.delivery;
        Ok(self.is_kept(delivery.hook_id).then(|| DeliveryNow {
            status: delivery.status,
            attempts: delivery.attempts,
            hook: delivery.hook_id,
            last_status: delivery.last_status,
            last_error: delivery.last_error.clone(),
        }))
    }

    fn retry_delivery(&mut self, id: DeliveryId, now: Millis) -> Result<bool, JournalError> {
        Ok(matches!(self.retry(id, now)?, Retried::Pending { .. }))
    }

    fn deliver(
        &mut self,
        event: EventId,
        AddedDelivery { id, hook: hook_id, partition }: AddedDelivery,
        now: Millis,
    ) -> Result<bool, JournalError> {
        let known = self.deliveries.values().find(|row| row.delivery.hook_id == hook_id);
        let Some(partition) = partition.or_else(|| known.map(|row| row.partition)) else { return Ok(false) };
        if !self.is_kept(hook_id) || !self.events.contains_key(&event) {
            return Ok(false);
        }
        self.insert_delivery(NewDelivery { id, hook_id, partition }, event, now);
        self.account.accepted += 1;
        self.account.pending += 1;
        Ok(true)
    }

    fn cancel_delivery(&mut self, id: DeliveryId, reason: &str) -> Result<(), JournalError> {
        let row = self.change(id, DeliveryStatus::Cancelled, None)?;
        row.delivery.last_error = Some(reason.to_owned());
        Ok(())
    }
}

impl State {
    pub(super) fn prune_jobs(&mut self, before: Millis) {
        let over = |job: &Job| !job.state.is_open() && job.progress.ended_at.is_some_and(|at| at < before.0);
        self.jobs.retain(|_, job| !over(job));
        let jobs = &self.jobs;
        self.job_items.retain(|(job, _), _| jobs.contains_key(job));
    }
}
