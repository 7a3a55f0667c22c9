//! Stopping idle apps.

use super::installed::{Apps, lifecycle};
use crate::app_phase::Run;
use crate::registry::AppEntry;
use crate::system_event::StopReason;
use footbridge_journal::{DeliveryFilter, Page};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::hook::Lifetime;
use footbridge_model::package::IdleTimeout;
use std::sync::Arc;
use std::time::Duration;

impl Apps {
    /// Stops the apps that have been idle for longer than their timeout.
    pub(crate) async fn stop_idle(self: &Arc<Self>) {
        for running in self.running() {
            let entry = running.entry;
            if !self.is_idle(&entry).await {
                continue;
            }
            let apps = Arc::clone(self);
            tokio::spawn(async move {
                // An app that is in use again by then is not stopped.
                let _ = apps.stop(entry.app.name.as_str(), StopReason::Idle).await;
            });
        }
    }

    /// The idle timeout of this app; `None` for no timeout.
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

    /// Returns true if the app was unused for its timeout, has no transient hook, no open connection and no pending
    /// delivery.
    async fn is_idle(&self, entry: &AppEntry) -> bool {
        let Some(timeout) = self.idle_timeout(entry) else { return false };
        if lifecycle(entry).unused_for().is_none_or(|unused| unused < timeout) {
            return false;
        }
        let name = &entry.app.name;
        if self.registry.index.load().of(name).any(|entry| entry.hook.lifetime == Lifetime::Transient) {
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

    /// Marks the run of an idle app as stopping, unless the app was used in the meantime.
    pub(super) async fn stop_if_idle(&self, entry: &AppEntry, run: &Arc<Run>) -> bool {
        let Some(timeout) = self.idle_timeout(entry) else { return false };
        self.is_idle(entry).await && lifecycle(entry).stop_if_unused(run, timeout)
    }

    /// The interval between two checks: a quarter of the shortest timeout, from 100 ms to 1 s.
    pub(crate) fn idle_check_interval(&self) -> Duration {
        const SHORTEST: Duration = Duration::from_millis(100);
        const LONGEST: Duration = Duration::from_secs(1);
        let directory = self.registry.directory.load();
        let timeout = directory.apps().filter_map(|entry| self.idle_timeout(entry)).min();
        timeout.map_or(LONGEST, |time| (time / 4).clamp(SHORTEST, LONGEST))
    }
}
