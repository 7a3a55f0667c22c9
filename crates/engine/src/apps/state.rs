//! What everything about installed apps works with, and how it speaks as `bolt`.

use crate::launcher::Launcher;
use crate::life::Life;
use crate::publish::Publisher;
use crate::registry::{AppEntry, Registry};
use bytes::Bytes;
use footbridge_model::event::EventDraft;
use footbridge_model::headers::PublishHeaders;
use footbridge_model::name::{AppName, EventName};
use footbridge_model::time::Entropy;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

use super::error::AppsError;

/// How long an app may take to answer that it is starting or stopping before it is no longer waited for.
const ANSWER: Duration = Duration::from_secs(2);

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
        match self.publisher.tell(draft, urgent).await {
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
