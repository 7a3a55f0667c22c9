//! What attempts come to goes to the journal in batches, and again when the disk was full.

use super::turns::Report;
use footbridge_journal::{DeliveryResult, Journal, JournalError, NewEvent};
use footbridge_model::delivery::{Attempt, DeliveryStatus, Next};
use footbridge_model::id::{DeliveryId, HookId};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// How long to wait before trying a full disk again.
const AGAIN: Duration = Duration::from_secs(1);

/// A result, and the lane that has it in flight until the journal has kept it.
#[derive(Debug, Clone)]
struct Noted {
    lane: Option<HookId>,
    result: DeliveryResult,
}

/// Gathers results until they are written together.
pub(super) struct Recorder {
    journal: Arc<dyn Journal>,
    reports: mpsc::Sender<Report>,
    batch: Vec<Noted>,
    /// What the journal has not taken, oldest first: an older result must not overwrite a later one.
    behind: Rc<RefCell<Vec<Noted>>>,
}

impl Recorder {
    pub(super) fn new(journal: Arc<dyn Journal>, reports: mpsc::Sender<Report>) -> Self {
        Self { journal, reports, batch: Vec::new(), behind: Rc::default() }
    }

    /// Notes an attempt and what becomes of its delivery. Its `lane` hears once the journal has kept that.
    pub(super) fn attempt(&mut self, lane: Option<HookId>, id: DeliveryId, attempt: Attempt, next: &Next) {
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
        let result = DeliveryResult { id, attempt: Some(attempt), status, next_attempt_at, reason };
        self.batch.push(Noted { lane, result });
    }

    /// Notes that a delivery is cancelled without an attempt. Its `lane` hears once the journal has kept that.
    pub(super) fn end(&mut self, lane: Option<HookId>, id: DeliveryId, reason: &str) {
        let (status, reason) = (DeliveryStatus::Cancelled, Some(reason.to_owned()));
        let result = DeliveryResult { id, attempt: None, status, next_attempt_at: None, reason };
        self.batch.push(Noted { lane, result });
    }

    /// Notes what a function came to together with what it published; `kept` hears whether it was kept, and its
    /// `lane` when that is decided.
    pub(super) fn conclude(
        &mut self,
        lane: HookId,
        id: DeliveryId,
        attempt: Attempt,
        published: Vec<NewEvent>,
        kept: impl FnOnce() + 'static,
    ) {
        self.flush();
        let status = DeliveryStatus::Delivered;
        let result =
            DeliveryResult { id, attempt: Some(attempt), status, next_attempt_at: None, reason: None };
        let (journal, reports) = (Arc::clone(&self.journal), self.reports.clone());
        let mut wait = journal.record_and_append(result.clone(), published.clone());
        tokio::task::spawn_local(async move {
            loop {
                match wait.await {
                    Err(error) if passes(&error) => tokio::time::sleep(AGAIN).await,
                    came => {
                        if came == Ok(true) {
                            kept();
                        }
                        let _ = reports.send(Report::Settled(vec![lane])).await;
                        return;
                    }
                }
                wait = journal.record_and_append(result.clone(), published.clone());
            }
        });
    }

    /// Cancels whatever is pending for a hook, after what was noted so far.
    pub(super) fn cancel(&mut self, hook: HookId, reason: &'static str) {
        self.flush();
        let journal = Arc::clone(&self.journal);
        let mut cancelled = journal.cancel(hook, reason);
        tokio::task::spawn_local(async move {
            while let Err(error) = cancelled.await {
                if !passes(&error) {
                    tracing::warn!(%hook, %error, "pending deliveries could not be cancelled");
                    return;
                }
                tokio::time::sleep(AGAIN).await;
                cancelled = journal.cancel(hook, reason);
            }
        });
    }

    /// Hands what was gathered to the journal, in order before whatever is asked of it next.
    pub(super) fn flush(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        let batch = std::mem::take(&mut self.batch);
        if self.is_behind() {
            self.behind.borrow_mut().extend(batch);
            return;
        }
        let (journal, behind, reports) =
            (Arc::clone(&self.journal), Rc::clone(&self.behind), self.reports.clone());
        let kept = journal.record(results(&batch));
        tokio::task::spawn_local(async move {
            match kept.await {
                Err(error) if passes(&error) => {
                    let first = behind.borrow().is_empty();
                    behind.borrow_mut().extend(batch);
                    if first {
                        catch_up(&*journal, &behind, &reports).await;
                    }
                }
                // Nothing more is kept, so nothing more is sent that would have to be sent again.
                Err(JournalError::Stopped(_) | JournalError::Unknown(_)) => {}
                Err(error) => {
                    tracing::error!(%error, "results of attempts could not be kept");
                    settle(&reports, &batch).await;
                }
                Ok(()) => settle(&reports, &batch).await,
            }
        });
    }

    /// Whether the journal does not know everything yet that was flushed.
    pub(super) fn is_behind(&self) -> bool {
        !self.behind.borrow().is_empty()
    }
}

/// Whether the journal takes the same again later.
const fn passes(error: &JournalError) -> bool {
    error.is_temporary()
}

fn results(batch: &[Noted]) -> Vec<DeliveryResult> {
    batch.iter().map(|noted| noted.result.clone()).collect()
}

/// Tells lanes that results of theirs are kept.
async fn settle(reports: &mpsc::Sender<Report>, batch: &[Noted]) {
    let lanes: Vec<HookId> = batch.iter().filter_map(|noted| noted.lane).collect();
    if !lanes.is_empty() {
        // Without a dispatcher there is no lane that could go on.
        let _ = reports.send(Report::Settled(lanes)).await;
    }
}

/// Records what lies behind, and what comes to lie there meanwhile, once there is room.
async fn catch_up(journal: &dyn Journal, behind: &RefCell<Vec<Noted>>, reports: &mpsc::Sender<Report>) {
    loop {
        tokio::time::sleep(AGAIN).await;
        let batch = behind.borrow().clone();
        match journal.record(results(&batch)).await {
            Err(error) if passes(&error) => continue,
            Err(JournalError::Stopped(_) | JournalError::Unknown(_)) => return,
            _ => {}
        }
        let caught_up = {
            let mut behind = behind.borrow_mut();
            behind.drain(..batch.len());
            behind.is_empty()
        };
        settle(reports, &batch).await;
        if caught_up {
            return;
        }
    }
}
