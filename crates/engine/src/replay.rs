//! Retrying by hand: what was given up becomes pending again.

use crate::lanes::Lanes;
use crate::registry::Registry;
use footbridge_journal::{DeliveryFilter, Journal, JournalError, Retried};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::id::DeliveryId;
use footbridge_model::time::Clock;

/// The most deliveries that one bulk retry makes pending in one transaction.
const PORTION: u32 = 1000;

/// Why a delivery was not retried.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// It is pending or has ended well.
    #[error("the delivery is {}: only dead and cancelled ones can be retried", .0.as_str())]
    NotEnded(DeliveryStatus),
    /// Its hook takes nothing.
    #[error("its hook is gone, so there is nowhere to deliver to")]
    HookGone,
    /// The journal did not do it.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

pub(crate) async fn retry(
    registry: &Registry,
    journal: &dyn Journal,
    clock: &dyn Clock,
    lanes: &Lanes,
    id: DeliveryId,
) -> Result<(), ReplayError> {
    let view = journal.delivery(id).await?.ok_or(JournalError::NotFound("delivery"))?;
    if registry.index.load().hook(view.hook.id).is_none() {
        return Err(ReplayError::HookGone);
    }
    match journal.retry(id, clock.now()).await? {
        Retried::Again { hook_id, .. } => {
            lanes.stir([hook_id]);
            Ok(())
        }
        Retried::Not(status) => Err(ReplayError::NotEnded(status)),
    }
}

/// Retries all dead deliveries that `filter` picks, giving how many.
pub(crate) async fn retry_dead(
    journal: &dyn Journal,
    clock: &dyn Clock,
    lanes: &Lanes,
    filter: DeliveryFilter,
) -> Result<u64, JournalError> {
    let mut count = 0;
    loop {
        let hooks = journal.retry_dead(filter.clone(), None, clock.now(), PORTION).await?;
        if hooks.is_empty() {
            return Ok(count);
        }
        count += hooks.len() as u64;
        lanes.stir(hooks.into_iter().map(|(_, hook)| hook));
    }
}
