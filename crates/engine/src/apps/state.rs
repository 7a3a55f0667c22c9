//! What everything about installed apps works with, and how it speaks as `bolt`.

use crate::launcher::Launcher;
use crate::life::{Life, Phase};
use crate::publish::Publisher;
use crate::registry::{AppEntry, Registry};
use bytes::Bytes;
use footbridge_model::event::EventDraft;
use footbridge_model::headers::PublishHeaders;
use footbridge_model::lineage::Lineage;
use footbridge_model::name::{AppName, EventName};
use footbridge_model::time::Entropy;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

use super::error::AppsError;

/// How long an app may take to answer that it is starting or stopping before it is no longer waited for.
const ANSWER: Duration = Duration::from_secs(2);

/// How long a start that is called off may take to end before it is called off again.
const CALL_OFF: Duration = Duration::from_millis(20);

/// Held by whoever starts or ends an app.
pub(super) type Turn = tokio::sync::OwnedMutexGuard<()>;

/// Installed apps: their starts and ends.
pub(crate) struct Apps {
    pub(crate) registry: Arc<Registry>,
    pub(crate) publisher: Arc<Publisher>,
    pub(crate) launcher: Arc<dyn Launcher>,
    pub(crate) entropy: Arc<dyn Entropy>,
    /// Where apps reach this server.
    pub(crate) public_url: String,
    /// How long an app may have nothing to do; `None` for ever.
    pub(crate) idle: Option<Duration>,
}

impl std::fmt::Debug for Apps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Apps").finish_non_exhaustive()
    }
}

impl Apps {
    /// The app of this name, whatever its case, when it is an installed one.
    pub(crate) fn installed(&self, name: &str) -> Result<Arc<AppEntry>, AppsError> {
        let entry = self.registry.directory.load().app(name).cloned();
        let entry = entry.filter(|entry| entry.app.name.as_str() != "bolt");
        let entry = entry.ok_or_else(|| AppsError::NoSuchApp(name.to_owned()))?;
        if entry.app.package.is_none() {
            return Err(AppsError::NotInstalled(entry.app.name.clone()));
        }
        Ok(entry)
    }

    /// The turn of an app to be started or ended, and the app as it is by then.
    pub(super) async fn turn(&self, name: &AppName) -> Result<(Arc<AppEntry>, Turn), AppsError> {
        loop {
            let asked = self.installed(name.as_str())?;
            let turn = Arc::clone(&life(&asked).turn).lock_owned().await;
            let entry = self.installed(name.as_str())?;
            // One that was removed and installed again meanwhile has another life.
            if Arc::ptr_eq(&entry.state, &asked.state) {
                return Ok((entry, turn));
            }
        }
    }

    /// The same for whoever ends it: a start under way is called off, of which nothing has been told yet.
    pub(super) async fn turn_to_end(&self, name: &AppName) -> Result<(Arc<AppEntry>, Turn), AppsError> {
        loop {
            if matches!(life(&*self.installed(name.as_str())?).phase(), Phase::Launching) {
                self.launcher.stop(name.clone()).await;
            }
            // Again and again, for the launcher may not have heard of the start yet.
            if let Ok(turn) = tokio::time::timeout(CALL_OFF, self.turn(name)).await {
                return turn;
            }
        }
    }

    /// Says something as `bolt`, to all that listen or to one app alone.
    pub(super) async fn tell(&self, name: &str, body: &impl Serialize, only: Option<&AppName>) {
        self.say(name, body, only, None).await;
    }

    /// Tells an app of its own start or end, and waits a little for its answer.
    pub(super) async fn tell_itself(&self, name: &str, body: &impl Serialize, app: &AppName) {
        if let Some(mut ended) = self.say(name, body, Some(app), Some(app)).await {
            // It closes when the last attempt has ended; nothing is ever sent.
            let _ = tokio::time::timeout(ANSWER, ended.recv()).await;
        }
    }

    async fn say(
        &self,
        name: &str,
        body: &impl Serialize,
        only: Option<&AppName>,
        urgent: Option<&AppName>,
    ) -> Option<mpsc::Receiver<()>> {
        let body = serde_json::to_vec(body).unwrap_or_else(|_| b"{}".to_vec());
        let draft = EventDraft {
            name: EventName::trusted(name),
            body: Bytes::from(body),
            headers: PublishHeaders::default(),
            subscribers: only.map(|app| vec![app.clone()]),
        };
        match self.publisher.tell(draft, urgent, Lineage::default()).await {
            Ok(ended) => Some(ended),
            Err(error) => {
                tracing::warn!(event = name, %error, "an event of the server's own could not be kept");
                None
            }
        }
    }
}

/// The life of an app.
pub(super) fn life(entry: &AppEntry) -> &Life {
    &entry.state.life
}
