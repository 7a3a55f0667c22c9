//! The server's own hooks: what the server does when it receives one of its events.

use super::installed::Apps;
use footbridge_model::event::Event;

impl Apps {
    /// Acts on an event that one of the server's own hooks received. Only events published by `bolt` count; an app can
    /// publish an event of the same name.
    ///
    /// # Errors
    /// The reason, in words.
    pub(crate) async fn handle_own_event(&self, event: &Event) -> Result<(), String> {
        if event.publisher.as_str() != "bolt" {
            return Ok(());
        }
        match event.name.as_str() {
            "app-deleted" => self.purge_deleted(event).await,
            "app-router-loaded" => {
                tracing::info!(event = %event.id, "a router is mounted");
                Ok(())
            }
            "app-started" => {
                tracing::info!(event = %event.id, "an app has started");
                Ok(())
            }
            // The server stores no users and no roles yet.
            _ => Ok(()),
        }
    }

    /// Removes the links and hooks that an uninstalled app has left. An app of the same name that was made since is
    /// another app and loses nothing.
    async fn purge_deleted(&self, event: &Event) -> Result<(), String> {
        let name = event.about().ok_or("the body of the event names no app")?;
        self.registry.purge_removed(&name).await.map_err(|error| error.to_string())
    }
}
