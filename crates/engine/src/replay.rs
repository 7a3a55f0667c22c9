//! Retrying by hand: what was given up becomes pending again.

use crate::lanes::Lanes;
use crate::registry::Registry;
use footbridge_journal::{DeliveryFilter, Journal, JournalError, Page, Retried};
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

/// Retries all dead deliveries that `filter` picks, giving how many: each once, in the order of ids. It
/// ends with the portion that reaches the highest there was at the start, however fast those retried die
/// again and however many others die meanwhile.
pub(crate) async fn retry_dead(
    journal: &dyn Journal,
    clock: &dyn Clock,
    lanes: &Lanes,
    filter: DeliveryFilter,
) -> Result<u64, JournalError> {
    let newest = Page { before: None, limit: 1 };
    let dead = DeliveryFilter { status: Some(DeliveryStatus::Dead), ..filter.clone() };
    let end = journal.deliveries(dead, newest).await?.first().map(|view| view.delivery.id);
    let (mut after, mut count) = (None, 0);
    while after < end {
        let again = journal.retry_dead(filter.clone(), after, clock.now(), PORTION).await?;
        let Some((last, _)) = again.last() else { break };
        after = Some(*last);
        count += again.len() as u64;
        lanes.stir(again.into_iter().map(|(_, hook)| hook));
    }
    Ok(count)
}
