//! How much of what each app has published is still to be delivered, and that it stays within bounds.
//!
//! What is pending in all is known at every moment, so an app can be over its share only when that is over it. Then
//! the journal is asked who has how much, now and then, and what is published meanwhile is added.

use crate::rate::Quota;
use footbridge_journal::{Backlog, Journal};
use footbridge_model::name::AppName;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How often the journal is asked at most, and what an app that is refused should wait.
const EVERY: Duration = Duration::from_secs(10);

/// An app has as much waiting as it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OverQuota {
    /// In deliveries.
    #[error(
        "{0} deliveries of the app's events wait already, which is the limit ([limits] backlog); `footbridge delivery list --status pending` shows for whom"
    )]
    Deliveries(u64),
    /// In bytes.
    #[error(
        "{0} bytes of the app's events wait to be delivered already, which is the limit ([limits] backlog_bytes); `footbridge delivery list --status pending` shows for whom"
    )]
    Bytes(u64),
}

impl OverQuota {
    /// What to wait before the next try.
    pub const RETRY_AFTER: Duration = EVERY;
}

/// Knows about how much waits, by publisher.
pub(crate) struct Backlogs {
    quota: Quota,
    journal: Arc<dyn Journal>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// What the journal said last, and what was published since.
    apps: HashMap<AppName, Backlog>,
    asked: Option<Instant>,
    asking: bool,
}

impl Backlogs {
    pub(crate) fn new(quota: Quota, journal: Arc<dyn Journal>) -> Self {
        Self { quota, journal, known: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an event of an app to what waits.
    ///
    /// # Errors
    /// [`OverQuota`]; it is not to be published then.
    pub(crate) fn add(self: &Arc<Self>, app: &AppName, event: Backlog) -> Result<(), OverQuota> {
        if event.deliveries == 0 {
            return Ok(());
        }
        let in_all = self.journal.account().pending.saturating_add(event.deliveries);
        let mut known = self.lock();
        let mine = known.apps.entry(app.clone()).or_default();
        let sum = Backlog {
            deliveries: mine.deliveries.saturating_add(event.deliveries),
            bytes: mine.bytes.saturating_add(event.bytes),
        };
        let many = in_all > self.quota.backlog && sum.deliveries > self.quota.backlog;
        let large = sum.bytes > self.quota.bytes;
        if !(many || large) {
            *mine = sum;
            if in_all > self.quota.backlog {
                self.ask(&mut known);
            }
            return Ok(());
        }
        if !self.ask(&mut known) {
            let over = if many {
                OverQuota::Deliveries(self.quota.backlog)
            } else {
                OverQuota::Bytes(self.quota.bytes)
            };
            return Err(over);
        }
        // What was reckoned may have been delivered long ago: the journal knows in a moment.
        Ok(())
    }

    /// Asks the journal who has how much, unless that was done lately; gives whether it is asked just now.
    fn ask(self: &Arc<Self>, known: &mut Known) -> bool {
        if known.asking || known.asked.is_some_and(|asked| asked.elapsed() < EVERY) {
            return false;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return false };
        (known.asking, known.asked) = (true, Some(Instant::now()));
        let (backlogs, counted) = (Arc::clone(self), self.journal.backlogs());
        runtime.spawn(async move {
            let counted = counted.await;
            let mut known = backlogs.lock();
            known.asking = false;
            match counted {
                Ok(counted) => known.apps = counted.into_iter().collect(),
                Err(error) => tracing::warn!(%error, "what waits could not be counted"),
            }
        });
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use footbridge_journal::memory::MemoryJournal;
    use footbridge_journal::{NewDelivery, NewEvent};
    use footbridge_model::event::Event;
    use footbridge_model::headers::PublishHeaders;
    use footbridge_model::id::{DeliveryId, EventId, HookId};
    use footbridge_model::lineage::Lineage;
    use footbridge_model::name::EventName;
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
        };
        let delivery =
            |place| NewDelivery { id: DeliveryId::from_number(place), hook_id: HookId::from_number(1) };
        let deliveries = (number + 1..=number + deliveries).map(delivery).collect();
        journal
            .append(NewEvent { event: Arc::new(event), deliveries, skipped: Vec::new(), key: None })
            .await
            .unwrap();
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
        while backlogs.lock().asking {
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
        while backlogs.lock().asking {
            tokio::task::yield_now().await;
        }
        assert_eq!(backlogs.lock().apps.get(&busy), Some(&Backlog { deliveries: 6, bytes: 2 }));
        assert_eq!(backlogs.add(&busy, small), Err(OverQuota::Deliveries(5)));
    }
}
