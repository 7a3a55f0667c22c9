//! Retries and replays by hand: one delivery, or all that a filter picks.

use crate::lanes::Lanes;
use crate::registry::AppRegistry;
use footbridge_journal::{DeliveryFilter, Journal, JournalError, Page, Replay, Retried};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::id::{DeliveryId, HookId, IdSource};
use footbridge_model::time::Clock;

/// The most deliveries that one transaction changes.
const PORTION: u32 = 1000;

/// Why nothing was done with a delivery.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// It has ended well.
    #[error("the delivery is {}, so there is nothing to retry; replay it to send the event once more", .0.as_str())]
    EndedWell(DeliveryStatus),
    /// It has not ended.
    #[error("the delivery is pending, so it cannot be replayed; retry it to send it now")]
    Pending,
    /// Its hook takes nothing.
    #[error("its hook is gone, so there is nowhere to deliver to")]
    HookGone,
    /// The journal did not do it.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// Whether something is done with many deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bulk {
    /// It is only counted with how many it would be done.
    Count,
    /// It is done.
    Do,
}

/// What is done with deliveries by hand.
#[derive(Debug, Clone, Copy)]
enum Act {
    Count,
    Retry(DeliveryStatus),
    Replay,
}

/// What retries and replays need.
pub(crate) struct ByHand<'a> {
    pub(crate) registry: &'a AppRegistry,
    pub(crate) journal: &'a dyn Journal,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) lanes: &'a Lanes,
    pub(crate) ids: &'a IdSource,
}

impl ByHand<'_> {
    /// Makes a delivery due now: a dead or cancelled one becomes pending again, a pending one waits no longer.
    pub(crate) async fn retry(&self, id: DeliveryId) -> Result<(), ReplayError> {
        self.check_hook(id).await?;
        match self.journal.retry(id, self.clock.now()).await? {
            Retried::Pending { hook_id, .. } => {
                self.lanes.stir([hook_id]);
                Ok(())
            }
            Retried::NotRetryable(status @ (DeliveryStatus::Delivered | DeliveryStatus::Unanswered)) => {
                Err(ReplayError::EndedWell(status))
            }
            // Its hook went meanwhile.
            Retried::NotRetryable(_) => Err(ReplayError::HookGone),
        }
    }

    /// Makes a new delivery of what an ended one delivered, giving its id.
    pub(crate) async fn replay(&self, id: DeliveryId) -> Result<DeliveryId, ReplayError> {
        if self.check_hook(id).await? == DeliveryStatus::Pending {
            return Err(ReplayError::Pending);
        }
        let made = self.make(vec![id]).await?;
        // It had ended, so its hook went meanwhile.
        let (new, _) = made.first().ok_or(ReplayError::HookGone)?;
        Ok(*new)
    }

    /// Where a delivery stands whose hook is kept.
    async fn check_hook(&self, id: DeliveryId) -> Result<DeliveryStatus, ReplayError> {
        let view = self.journal.delivery(id).await?.ok_or(JournalError::NotFound("delivery"))?;
        match self.registry.index.load().hook(view.hook.id) {
            Some(_) => Ok(view.delivery.status),
            None => Err(ReplayError::HookGone),
        }
    }

    /// Retries the deliveries that `filter` picks, the dead ones unless it names a status, giving how many.
    pub(crate) async fn retry_many(&self, filter: DeliveryFilter, bulk: Bulk) -> Result<u64, ReplayError> {
        let status = filter.status.unwrap_or(DeliveryStatus::Dead);
        if matches!(status, DeliveryStatus::Delivered | DeliveryStatus::Unanswered) {
            return Err(ReplayError::EndedWell(status));
        }
        let act = if bulk == Bulk::Do { Act::Retry(status) } else { Act::Count };
        self.walk(DeliveryFilter { status: Some(status), ..filter }, act).await
    }

    /// Replays the deliveries that `filter` picks, the delivered ones unless it names a status, giving how many.
    pub(crate) async fn replay_many(&self, filter: DeliveryFilter, bulk: Bulk) -> Result<u64, ReplayError> {
        let status = filter.status.unwrap_or(DeliveryStatus::Delivered);
        if status == DeliveryStatus::Pending {
            return Err(ReplayError::Pending);
        }
        let act = if bulk == Bulk::Do { Act::Replay } else { Act::Count };
        self.walk(DeliveryFilter { status: Some(status), ..filter }, act).await
    }

    /// Goes through the deliveries that `filter` picks in the order of their ids, meeting each once: up to the
    /// highest id there was at the start, however fast those retried die again and whatever is made meanwhile.
    async fn walk(&self, filter: DeliveryFilter, act: Act) -> Result<u64, ReplayError> {
        let newest = Page { before: None, limit: 1 };
        let newest = self.journal.deliveries(DeliveryFilter::default(), newest).await?;
        let Some(end) = newest.first().map(|view| view.delivery.id) else { return Ok(0) };
        let (mut after, mut count) = (None, 0);
        loop {
            let picked = self.journal.find_deliveries(filter.clone(), after, PORTION).await?;
            let ids: Vec<_> = picked.ids.into_iter().filter(|id| *id <= end).collect();
            count += self.act(ids, act).await?;
            match picked.more_after.filter(|next| *next < end) {
                Some(next) => after = Some(next),
                None => return Ok(count),
            }
        }
    }

    async fn act(&self, ids: Vec<DeliveryId>, act: Act) -> Result<u64, ReplayError> {
        if ids.is_empty() {
            return Ok(0);
        }
        let done = match act {
            Act::Count => return Ok(ids.len() as u64),
            Act::Retry(from) => {
                let again = self.journal.retry_many(ids, from, self.clock.now()).await?;
                self.lanes.stir(again.iter().map(|(_, hook)| *hook));
                again
            }
            Act::Replay => self.make(ids).await?,
        };
        Ok(done.len() as u64)
    }

    async fn make(&self, of: Vec<DeliveryId>) -> Result<Vec<(DeliveryId, HookId)>, JournalError> {
        let now = self.clock.now();
        let first = self.ids.block(now, of.len() as u64);
        let ids = (first..).map(DeliveryId::from_number);
        let replays = of.into_iter().zip(ids).map(|(of, id)| Replay { of, id }).collect();
        let made = self.journal.replay(replays, now).await?;
        self.lanes.stir(made.iter().map(|(_, hook)| *hook));
        Ok(made)
    }
}
