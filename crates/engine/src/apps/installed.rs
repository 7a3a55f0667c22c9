//! The state shared by everything about installed apps: look-up, locks, and the events that are published as `bolt`.

use super::error::AppsError;
use crate::app_phase::{Lifecycle, Phase};
use crate::claims::Claims;
use crate::cluster::Lease;
use crate::launcher::Launcher;
use crate::people::People;
use crate::publish::Publisher;
use crate::registry::{AppEntry, AppRegistry};
use crate::system_event::SystemEvent;
use footbridge_journal::Partition;
use footbridge_model::lineage::Lineage;
use footbridge_model::name::AppName;
use footbridge_model::time::Entropy;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// How long an app may take to answer `app-starting`, `app-stopping` or `app-uninstalling` before the server goes on.
const ANSWER_WAIT: Duration = Duration::from_secs(2);

/// How often a start under way is cancelled again while another task waits to stop the app.
const CANCEL_AGAIN: Duration = Duration::from_millis(20);

/// Held by the task that starts or stops an app.
pub(super) type StartStopGuard = tokio::sync::OwnedMutexGuard<()>;

/// Installs, starts and stops apps.
pub(crate) struct Apps {
    pub(crate) registry: Arc<AppRegistry>,
    pub(crate) people: Arc<People>,
    pub(crate) publisher: Arc<Publisher>,
    pub(crate) launcher: Arc<dyn Launcher>,
    /// The partitions of this server: it runs the apps whose partitions it owns.
    pub(crate) claims: Claims,
    pub(crate) lease: Arc<Lease>,
    pub(crate) entropy: Arc<dyn Entropy>,
    /// The URL at which apps reach this server.
    pub(crate) public_url: String,
    /// The default idle timeout; `None` for no timeout.
    pub(crate) idle: Option<Duration>,
}

impl std::fmt::Debug for Apps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Apps").finish_non_exhaustive()
    }
}

impl Apps {
    /// Checks that this server is the one that runs the app: it owns the app's partition, and may rely on that.
    ///
    /// # Errors
    /// [`AppsError::OnAnotherServer`]; never in a store that admits one server.
    pub(crate) fn check_runs_here(&self, entry: &AppEntry) -> Result<(), AppsError> {
        let owns = || self.claims.get(Partition::of_installed(entry.app.generation)).is_some();
        if self.lease.may_send() && owns() {
            Ok(())
        } else {
            Err(AppsError::OnAnotherServer(entry.app.name.clone()))
        }
    }

    /// Returns the installed app of this name, compared without case.
    pub(crate) fn installed(&self, name: &str) -> Result<Arc<AppEntry>, AppsError> {
        let entry = self.registry.directory.load().app(name).cloned();
        let entry = entry.filter(|entry| entry.app.name.as_str() != "bolt");
        let entry = entry.ok_or_else(|| AppsError::NoSuchApp(name.to_owned()))?;
        if entry.app.package.is_none() {
            return Err(AppsError::NotInstalled(entry.app.name.clone()));
        }
        Ok(entry)
    }

    /// Waits for the app's start-stop lock. Returns the app as it is once the lock is held.
    pub(super) async fn lock_app(
        &self,
        name: &AppName,
    ) -> Result<(Arc<AppEntry>, StartStopGuard), AppsError> {
        loop {
            let before = self.installed(name.as_str())?;
            let guard = Arc::clone(&lifecycle(&before).start_stop_lock).lock_owned().await;
            let entry = self.installed(name.as_str())?;
            // An app that was removed and installed again meanwhile has another lock.
            if Arc::ptr_eq(&entry.state, &before.state) {
                return Ok((entry, guard));
            }
        }
    }

    /// Like [`Self::lock_app`], for a caller that ends the app: cancels a start under way, of which no event was
    /// published yet.
    pub(super) async fn lock_to_stop(
        &self,
        name: &AppName,
    ) -> Result<(Arc<AppEntry>, StartStopGuard), AppsError> {
        loop {
            if matches!(lifecycle(&*self.installed(name.as_str())?).phase(), Phase::Starting) {
                self.launcher.stop(name.clone()).await;
            }
            // Repeated, because the launcher may not know of the start yet.
            if let Ok(locked) = tokio::time::timeout(CANCEL_AGAIN, self.lock_app(name)).await {
                return locked;
            }
        }
    }

    /// Publishes a server event to every subscriber.
    pub(super) async fn publish_event(&self, event: SystemEvent<'_>) {
        self.publish_to(&event, None).await;
    }

    /// Notifies an app of its own start or stop. Waits up to two seconds for its answer.
    pub(super) async fn notify_app(&self, event: SystemEvent<'_>, app: &AppName) {
        if let Some(mut attempts) = self.publish_to(&event, Some(app)).await {
            // The channel closes when the last attempt has ended; nothing is ever sent.
            let _ = tokio::time::timeout(ANSWER_WAIT, attempts.recv()).await;
        }
    }

    async fn publish_to(
        &self,
        event: &SystemEvent<'_>,
        only: Option<&AppName>,
    ) -> Option<mpsc::Receiver<()>> {
        match self.publisher.publish_server_event(event, only, Lineage::default()).await {
            Ok(attempts) => Some(attempts),
            Err(error) => {
                tracing::warn!(event = event.name(), %error, "a server event could not be stored");
                None
            }
        }
    }
}

/// The lifecycle of an app.
pub(super) fn lifecycle(entry: &AppEntry) -> &Lifecycle {
    &entry.state.lifecycle
}
