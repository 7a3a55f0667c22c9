//! What attempts come to goes to the journal in batches, and again when the disk was full.

use footbridge_journal::{Journal, JournalError, NewEvent, Recorded};
use footbridge_model::delivery::{Attempt, DeliveryStatus, Next};
use footbridge_model::id::{DeliveryId, HookId};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// How long to wait before trying a full disk again.
const AGAIN: Duration = Duration::from_secs(1);

/// Gathers results until they are written together.
pub(super) struct Recorder {
    journal: Arc<dyn Journal>,
    batch: Vec<Recorded>,
    /// What a full disk has not taken, oldest first: an older result must not overwrite a later one.
    behind: Rc<RefCell<Vec<Recorded>>>,
}

impl Recorder {
    pub(super) fn new(journal: Arc<dyn Journal>) -> Self {
        Self { journal, batch: Vec::new(), behind: Rc::default() }
    }

    /// Notes an attempt and what becomes of its delivery.
    pub(super) fn attempt(&mut self, id: DeliveryId, attempt: Attempt, next: &Next) {
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
        self.batch.push(Recorded { id, attempt: Some(attempt), status, next_attempt_at, reason });
    }

    /// Notes that a delivery is cancelled without an attempt.
    pub(super) fn end(&mut self, id: DeliveryId, reason: &str) {
        let (status, reason) = (DeliveryStatus::Cancelled, Some(reason.to_owned()));
        self.batch.push(Recorded { id, attempt: None, status, next_attempt_at: None, reason });
    }

    /// Notes what a function came to together with what it published; `kept` hears whether it was kept.
    pub(super) fn conclude(
        &mut self,
        id: DeliveryId,
        attempt: Attempt,
        published: Vec<NewEvent>,
        kept: impl FnOnce() + 'static,
    ) {
        self.flush();
        let status = DeliveryStatus::Delivered;
        let result = Recorded { id, attempt: Some(attempt), status, next_attempt_at: None, reason: None };
        let journal = Arc::clone(&self.journal);
        let mut wait = journal.conclude(result.clone(), published.clone());
        tokio::task::spawn_local(async move {
            loop {
                match wait.await {
                    Err(JournalError::Full) => tokio::time::sleep(AGAIN).await,
                    Ok(true) => return kept(),
                    Ok(false) | Err(_) => return,
                }
                wait = journal.conclude(result.clone(), published.clone());
            }
        });
    }

    /// Cancels whatever is pending for a hook, after what was noted so far.
    pub(super) fn cancel(&mut self, hook: HookId, reason: &'static str) {
        self.flush();
        let cancelled = self.journal.cancel(hook, reason);
        tokio::task::spawn_local(async move {
            if let Err(error) = cancelled.await {
                tracing::warn!(%hook, %error, "pending deliveries could not be cancelled");
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
        let (journal, behind) = (Arc::clone(&self.journal), Rc::clone(&self.behind));
        let kept = journal.record(batch.clone());
        tokio::task::spawn_local(async move {
            if kept.await == Err(JournalError::Full) {
                let first = behind.borrow().is_empty();
                behind.borrow_mut().extend(batch);
                if first {
                    catch_up(&*journal, &behind).await;
                }
            }
        });
    }

    /// Whether the journal does not know everything yet that was flushed.
    pub(super) fn is_behind(&self) -> bool {
        !self.behind.borrow().is_empty()
    }
}

/// Records what lies behind, and what comes to lie there meanwhile, once there is room.
async fn catch_up(journal: &dyn Journal, behind: &RefCell<Vec<Recorded>>) {
    loop {
        tokio::time::sleep(AGAIN).await;
        let batch = behind.borrow().clone();
        let count = batch.len();
        if journal.record(batch).await == Err(JournalError::Full) {
            continue;
        }
        let mut behind = behind.borrow_mut();
        behind.drain(..count);
        if behind.is_empty() {
            return;
        }
    }
}
