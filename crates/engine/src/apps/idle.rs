//! Idle apps are stopped, when the operator wants that.

use super::state::{Apps, life};
use super::stop::Reason;
use crate::life::Run;
use crate::registry::AppEntry;
use footbridge_journal::{DeliveryFilter, Page};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::hook::Lifetime;
use footbridge_model::package::IdleTimeout;
use std::sync::Arc;
use std::time::Duration;

impl Apps {
    /// Stops the apps that have had nothing to do for as long as they may.
    pub(crate) async fn stop_idle(self: &Arc<Self>) {
        for live in self.live() {
            let entry = live.entry;
            if !self.is_idle(&entry).await {
                continue;
            }
            let apps = Arc::clone(self);
            tokio::spawn(async move {
                // It may have been needed again meanwhile; then it is not stopped.
                let _ = apps.stop(entry.app.name.as_str(), Reason::Idle).await;
            });
        }
    }

    /// How long this app may have nothing to do; `None` for ever.
    fn idle_timeout(&self, entry: &AppEntry) -> Option<Duration> {
        let package = entry.app.package.as_deref()?;
        match package.idle_timeout {
            // Routers answer from the first request on.
            _ if package.starts_at_boot() => None,
            Some(IdleTimeout::Off) => None,
            Some(IdleTimeout::After(time)) => Some(time),
            None => self.idle,
        }
    }

    /// Whether an app has had nothing to do for as long as it may, and has nothing before it: no
    /// transient hook, nobody who speaks to it, no pending delivery.
    async fn is_idle(&self, entry: &AppEntry) -> bool {
        let Some(most) = self.idle_timeout(entry) else { return false };
        if life(entry).unused_for().is_none_or(|unused| unused < most) {
            return false;
        }
        let name = &entry.app.name;
        let transient = |lifetime| lifetime == Lifetime::Transient;
        if self.registry.index.load().of(name).any(|hook| transient(hook.hook.lifetime)) {
            return false;
        }
        let filter = DeliveryFilter {
            app: Some(name.clone()),
            status: Some(DeliveryStatus::Pending),
            ..DeliveryFilter::default()
        };
        let pending = self.publisher.journal.deliveries(filter, Page { before: None, limit: 1 }).await;
        pending.is_ok_and(|pending| pending.is_empty())
    }

    /// Lets the run of an idle app leave, unless it is needed at the last moment.
    pub(super) async fn leaves_if_idle(&self, entry: &AppEntry, run: &Arc<Run>) -> bool {
        let Some(most) = self.idle_timeout(entry) else { return false };
        self.is_idle(entry).await && life(entry).leave_if_unused(run, most)
    }

    /// How often to look for idle apps.
    pub(crate) fn idle_pace(&self) -> Duration {
        const OFTEN: Duration = Duration::from_millis(100);
        const SELDOM: Duration = Duration::from_secs(1);
        let directory = self.registry.directory.load();
        let shortest = directory.apps().filter_map(|entry| self.idle_timeout(entry)).min();
        shortest.map_or(SELDOM, |time| (time / 4).clamp(OFTEN, SELDOM))
    }
}
