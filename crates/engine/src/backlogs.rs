//! Limits the pending deliveries of the events that each app has published.
//!
//! The total of pending deliveries is always known, and an app can be over its limit only if the total is. Only then is
//! the journal asked for the numbers per app, now and then; between two answers, new events are added to them.

use crate::rate::Quota;
use footbridge_journal::{Backlog, Journal};
use footbridge_model::name::AppName;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The shortest time between two questions to the journal, and how long a refused app should wait.
const INTERVAL: Duration = Duration::from_secs(10);

/// The pending deliveries of an app have reached their limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OverQuota {
    /// The limit of deliveries.
    #[error(
        "{0} deliveries of the app's events are pending, which is the limit ([limits] backlog); `footbridge delivery list --status pending` shows their hooks"
    )]
    Deliveries(u64),
    /// The limit of bytes.
    #[error(
        "{0} bytes of the app's events are pending, which is the limit ([limits] backlog_bytes); `footbridge delivery list --status pending` shows their hooks"
    )]
    Bytes(u64),
}

impl OverQuota {
    /// How long the app should wait before it publishes again.
    pub const RETRY_AFTER: Duration = INTERVAL;
}

/// Counts the pending deliveries, by publisher.
pub(crate) struct Backlogs {
    quota: Quota,
    journal: Arc<dyn Journal>,
    counts: Mutex<BacklogCounts>,
}

#[derive(Default)]
struct BacklogCounts {
    /// The journal's last answer, plus the events published since.
    apps: HashMap<AppName, Backlog>,
    /// When the journal was asked last.
    asked_at: Option<Instant>,
    /// The journal was asked and has not answered yet.
    is_asking: bool,
}

impl Backlogs {
    pub(crate) fn new(quota: Quota, journal: Arc<dyn Journal>) -> Self {
        Self { quota, journal, counts: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, BacklogCounts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an event to the backlog of its publisher.
    ///
    /// # Errors
    /// [`OverQuota`] if the event must not be published.
    pub(crate) fn add(self: &Arc<Self>, app: &AppName, event: Backlog) -> Result<(), OverQuota> {
        if event.deliveries == 0 {
            return Ok(());
        }
        let total = self.journal.pending_estimate().saturating_add(event.deliveries);
        let mut counts = self.lock();
        let count = counts.apps.entry(app.clone()).or_default();
        let sum = Backlog {
            deliveries: count.deliveries.saturating_add(event.deliveries),
            bytes: count.bytes.saturating_add(event.bytes),
        };
        let too_many = total > self.quota.backlog && sum.deliveries > self.quota.backlog;
        let too_large = sum.bytes > self.quota.bytes;
        if !(too_many || too_large) {
            *count = sum;
            if total > self.quota.backlog {
                self.ask(&mut counts);
            }
            return Ok(());
        }
        if !self.ask(&mut counts) {
            let over = if too_many {
                OverQuota::Deliveries(self.quota.backlog)
            } else {
                OverQuota::Bytes(self.quota.bytes)
            };
            return Err(over);
        }
        // Much of the count may have been delivered since the last answer. The journal is being asked; accept until
        // then.
        Ok(())
    }

    /// Asks the journal for the backlog of each app, unless it was asked a short while ago; returns true if it is asked
    /// now.
    fn ask(self: &Arc<Self>, counts: &mut BacklogCounts) -> bool {
        if counts.is_asking || counts.asked_at.is_some_and(|asked| asked.elapsed() < INTERVAL) {
            return false;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return false };
        (counts.is_asking, counts.asked_at) = (true, Some(Instant::now()));
        let (backlogs, answer) = (Arc::clone(self), self.journal.backlogs());
        runtime.spawn(async move {
            let answer = answer.await;
            let mut counts = backlogs.lock();
            counts.is_asking = false;
            match answer {
                Ok(apps) => counts.apps = apps.into_iter().collect(),
                Err(error) => tracing::warn!(%error, "pending deliveries could not be counted"),
            }
        });
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use footbridge_journal::memory::MemoryJournal;
    use footbridge_journal::{EventLog as _, NewDelivery, NewEvent, Partition, Version};
    use footbridge_model::event::Event;
    use footbridge_model::headers::PublishHeaders;
    use footbridge_model::id::{DeliveryId, EventId, HookId};
    use footbridge_model::lineage::Lineage;
    use footbridge_model::name::EventName;
    use footbridge_model::provenance::Provenance;
    use footbridge_model::time::Millis;

    async fn keep(journal: &MemoryJournal, number: u64, deliveries: u64) {
        let event = Event {
            id: EventId::from_number(number),
            name: EventName::trusted("x"),
            publisher: AppName::trusted("busy"),
            body: bytes::Bytes::from_static(b"{}"),
            headers: PublishHeaders::default(),
            time: Millis(0),
            lineage: Lineage::default(),
            provenance: Provenance::default(),
        };
        let delivery = |place| NewDelivery {
            id: DeliveryId::from_number(place),
            hook_id: HookId::from_number(1),
            partition: Partition(0),
        };
        let deliveries = (number + 1..=number + deliveries).map(delivery).collect();
        let (event, registry) = (Arc::new(event), Version::default());
        let new = NewEvent { event, deliveries, skipped: Vec::new(), key: None, registry };
        journal.append(new).await.unwrap();
    }

    #[tokio::test]
    async fn an_app_over_its_quota_is_refused_until_its_deliveries_have_ended() {
        let journal = MemoryJournal::new();
        let quota = Quota { chain: 1, backlog: 5, bytes: 100 };
        let backlogs = Arc::new(Backlogs::new(quota, Arc::new(journal.reopened())));
        let busy = AppName::trusted("busy");
        let one = Backlog { deliveries: 1, bytes: 60 };
        assert_eq!(backlogs.add(&busy, Backlog { deliveries: 0, bytes: 1000 }), Ok(()), "nobody gets it");
        assert_eq!(backlogs.add(&busy, one), Ok(()));
        assert_eq!(backlogs.add(&busy, one), Ok(()), "the journal is asked first");
        while backlogs.lock().is_asking {
            tokio::task::yield_now().await;
        }
        assert_eq!(backlogs.add(&busy, one), Ok(()), "it said that nothing waits");
        assert_eq!(backlogs.add(&busy, one), Err(OverQuota::Bytes(100)), "and is not asked again so soon");
        assert_eq!(backlogs.add(&AppName::trusted("other"), one), Ok(()), "each has its own");

        let kept = Arc::new(MemoryJournal::new());
        keep(&kept, 10, 6).await;
        let backlogs = Arc::new(Backlogs::new(quota, kept));
        let small = Backlog { deliveries: 1, bytes: 1 };
        assert_eq!(backlogs.add(&busy, small), Ok(()), "not known yet");
        while backlogs.lock().is_asking {
            tokio::task::yield_now().await;
        }
        assert_eq!(backlogs.lock().apps.get(&busy), Some(&Backlog { deliveries: 6, bytes: 2 }));
        assert_eq!(backlogs.add(&busy, small), Err(OverQuota::Deliveries(5)));
    }
}
