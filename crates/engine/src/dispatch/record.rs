//! Writes the results of attempts to the journal in batches, and again while the disk is full or the database away.

use super::task_report::{InFlightAttempt, TaskReport};
use crate::claims::Claims;
use crate::publish::{PreparedEvent, Publisher};
use footbridge_journal::{Claim, DeliveryResult, Journal, JournalError, Partition, Recorded};
use footbridge_model::delivery::{Attempt, DeliveryStatus, Next};
use footbridge_model::id::{DeliveryId, HookId};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// The pause before a write is tried again that the journal could not take.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// A result, and the lane that counts it as in flight until it is written.
#[derive(Debug, Clone)]
struct Unwritten {
    lane: Option<HookId>,
    result: DeliveryResult,
}

/// Collects results, so that many are written in one transaction.
pub(super) struct Recorder {
    journal: Arc<dyn Journal>,
    claims: Claims,
    reports: mpsc::Sender<TaskReport>,
    batch: Vec<Unwritten>,
    overdue: Rc<RefCell<Overdue>>,
}

/// Writes that the journal did not take at once.
#[derive(Debug, Default)]
struct Overdue {
    /// Results that are not written yet, oldest first: an older result must not overwrite a later one.
    results: Vec<Unwritten>,
    /// Number of function calls that are not written yet.
    calls: usize,
    /// Number of overdue writes that have ended.
    ended: u64,
}

impl Recorder {
    pub(super) fn new(journal: Arc<dyn Journal>, claims: Claims, reports: mpsc::Sender<TaskReport>) -> Self {
        Self { journal, claims, reports, batch: Vec::new(), overdue: Rc::default() }
    }

    /// Records an attempt and what follows for its delivery. `lane` gets a report once this is written.
    pub(super) fn attempt(
        &mut self,
        claim: Claim,
        lane: Option<HookId>,
        id: DeliveryId,
        attempt: Attempt,
        next: &Next,
    ) {
        let (status, next_attempt_at, reason) = match next {
            Next::Delivered => (DeliveryStatus::Delivered, None, None),
            Next::Unanswered => (DeliveryStatus::Unanswered, None, None),
            Next::Retry(at) => (DeliveryStatus::Pending, Some(*at), None),
            Next::Dead(why) => (DeliveryStatus::Dead, None, Some(why.clone())),
            Next::Gone => (
                DeliveryStatus::Dead,
                None,
                Some("the receiver answered 410: the hook is switched off".into()),
            ),
        };
        let result = DeliveryResult { claim, id, attempt: Some(attempt), status, next_attempt_at, reason };
        self.batch.push(Unwritten { lane, result });
    }

    /// Records that a delivery is cancelled without an attempt. `lane` gets a report once this is written.
    pub(super) fn cancelled(&mut self, claim: Claim, lane: Option<HookId>, id: DeliveryId, reason: &str) {
        let (status, reason) = (DeliveryStatus::Cancelled, Some(reason.to_owned()));
        let result = DeliveryResult { claim, id, attempt: None, status, next_attempt_at: None, reason };
        self.batch.push(Unwritten { lane, result });
    }

    /// Records a function call and the events that it published, in one transaction. Offers the events to the lanes
    /// only if they were written; the lane of the attempt gets a report in either case.
    pub(super) fn function_call(
        &mut self,
        attempt: &InFlightAttempt,
        made: Attempt,
        mut published: Vec<PreparedEvent>,
        publisher: Arc<Publisher>,
    ) {
        self.flush();
        let (claim, id, lane) = (attempt.claim, attempt.delivery.id, attempt.hook.hook.id);
        let status = DeliveryStatus::Delivered;
        let result =
            DeliveryResult { claim, id, attempt: Some(made), status, next_attempt_at: None, reason: None };
        let events = |published: &[PreparedEvent]| published.iter().map(|event| event.new.clone()).collect();
        let (journal, claims, reports) =
            (Arc::clone(&self.journal), self.claims.clone(), self.reports.clone());
        let overdue = Rc::clone(&self.overdue);
        let mut write = journal.record_and_append(result.clone(), events(&published));
        tokio::task::spawn_local(async move {
            let mut is_overdue = false;
            loop {
                let written = write.await;
                let is_again = matches!(&written, Ok(Recorded::Stale))
                    || written.as_ref().is_err_and(JournalError::is_temporary);
                if is_again && !std::mem::replace(&mut is_overdue, true) {
                    overdue.borrow_mut().calls += 1;
                }
                match written {
                    Err(error) if error.is_temporary() => tokio::time::sleep(RETRY_AFTER).await,
                    // An error is one of the next call, too.
                    Ok(Recorded::Stale) => drop(publisher.match_again(&mut published).await),
                    ended => {
                        if is_overdue {
                            overdue.borrow_mut().call_ended();
                        }
                        match ended {
                            Ok(Recorded::Stored) => {
                                for PreparedEvent { new, open, .. } in published {
                                    publisher.offer(new.event, new.deliveries, &open);
                                }
                            }
                            Ok(Recorded::PartitionLost) => claims.remove(claim.partition),
                            Err(JournalError::Fenced) => drop(claims.clear()),
                            Ok(Recorded::NotPending | Recorded::Stale) | Err(_) => {}
                        }
                        let _ = reports.send(TaskReport::ResultsWritten(vec![lane])).await;
                        return;
                    }
                }
                write = journal.record_and_append(result.clone(), events(&published));
            }
        });
    }

    /// Cancels all pending deliveries of a hook, after the results recorded so far.
    pub(super) fn cancel_pending(&mut self, claim: Claim, hook: HookId, reason: &'static str) {
        self.flush();
        let journal = Arc::clone(&self.journal);
        let mut cancelled = journal.cancel(claim, hook, reason);
        tokio::task::spawn_local(async move {
            while let Err(error) = cancelled.await {
                if !error.is_temporary() {
                    tracing::warn!(%hook, %error, "pending deliveries could not be cancelled");
                    return;
                }
                tokio::time::sleep(RETRY_AFTER).await;
                cancelled = journal.cancel(claim, hook, reason);
            }
        });
    }

    /// Hands the collected results to the journal, before anything that is asked of it later.
    pub(super) fn flush(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        let batch = std::mem::take(&mut self.batch);
        if !self.overdue.borrow().results.is_empty() {
            self.overdue.borrow_mut().results.extend(batch);
            return;
        }
        let (journal, overdue, reports) =
            (Arc::clone(&self.journal), Rc::clone(&self.overdue), self.reports.clone());
        let claims = self.claims.clone();
        let write = journal.record(results(&batch));
        tokio::task::spawn_local(async move {
            match write.await {
                Err(error) if error.is_temporary() => {
                    let is_first = overdue.borrow().results.is_empty();
                    overdue.borrow_mut().results.extend(batch);
                    if is_first {
                        write_overdue(&*journal, &claims, &overdue, &reports).await;
                    }
                }
                // The journal writes nothing more. The lanes stay blocked, so that no attempt is made that would be
                // repeated after a restart.
                Err(JournalError::Stopped(_) | JournalError::Unknown(_)) => {}
                written => {
                    give_up_lost_partitions(&claims, written);
                    report_written(&reports, &batch).await;
                }
            }
        });
    }

    /// Returns true if results that were flushed are not written yet because the journal did not take them.
    pub(super) fn is_overdue(&self) -> bool {
        let overdue = self.overdue.borrow();
        !overdue.results.is_empty() || overdue.calls > 0
    }

    /// The number of overdue writes that have ended. If it changes between a question to the journal and the answer, the
    /// answer may lack results that were recorded before the question.
    pub(super) fn overdue_ended(&self) -> u64 {
        self.overdue.borrow().ended
    }
}

impl Overdue {
    fn call_ended(&mut self) {
        self.calls -= 1;
        self.ended += 1;
    }

    /// Removes the oldest results, which are written; returns true if there are no others.
    fn results_ended(&mut self, count: usize) -> bool {
        self.results.drain(..count);
        self.ended += 1;
        self.results.is_empty()
    }
}

fn results(batch: &[Unwritten]) -> Vec<DeliveryResult> {
    batch.iter().map(|unwritten| unwritten.result.clone()).collect()
}

/// Gives up the partitions that another server owns: it makes the attempts again whose results were refused.
fn give_up_lost_partitions(claims: &Claims, written: Result<Vec<Partition>, JournalError>) {
    match written {
        Ok(lost) => lost.into_iter().for_each(|partition| {
            tracing::info!(%partition, "another server owns this partition; the results of its last attempts are dropped");
            claims.remove(partition);
        }),
        Err(JournalError::Fenced) => {
            claims.clear();
            tracing::warn!("another server has ended this session; the results of the last attempts are dropped");
        }
        Err(error) => tracing::error!(%error, "the results of attempts could not be written"),
    }
}

/// Reports to the lanes that their results are written.
async fn report_written(reports: &mpsc::Sender<TaskReport>, batch: &[Unwritten]) {
    let lanes: Vec<HookId> = batch.iter().filter_map(|unwritten| unwritten.lane).collect();
    if !lanes.is_empty() {
        // An error means that the dispatcher has ended, and its lanes with it.
        let _ = reports.send(TaskReport::ResultsWritten(lanes)).await;
    }
}

/// Writes the overdue results, and those that are added meanwhile, as soon as the journal takes them.
async fn write_overdue(
    journal: &dyn Journal,
    claims: &Claims,
    overdue: &RefCell<Overdue>,
    reports: &mpsc::Sender<TaskReport>,
) {
    loop {
        tokio::time::sleep(RETRY_AFTER).await;
        let batch = overdue.borrow().results.clone();
        match journal.record(results(&batch)).await {
            Err(error) if error.is_temporary() => continue,
            Err(JournalError::Stopped(_) | JournalError::Unknown(_)) => return,
            written => give_up_lost_partitions(claims, written),
        }
        let is_done = overdue.borrow_mut().results_ended(batch.len());
        report_written(reports, &batch).await;
        if is_done {
            return;
        }
    }
}
