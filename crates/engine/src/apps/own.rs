//! The server's own hooks: what it does when it hears of something.

use super::state::Apps;
use footbridge_model::event::Event;

impl Apps {
    /// Acts on an event that one of the server's own hooks got. Only `bolt` is believed: that an event
    /// looks like one of its own means nothing.
    ///
    /// # Errors
    /// In words, what could not be done.
    pub(crate) async fn act(&self, event: &Event) -> Result<(), String> {
        if event.publisher.as_str() != "bolt" {
            return Ok(());
        }
        match event.name.as_str() {
            "app-deleted" => self.forget_deleted(event).await,
            "app-router-loaded" => {
                tracing::info!(event = %event.id, "a router is mounted");
                Ok(())
            }
            "app-started" => {
                tracing::info!(event = %event.id, "an app has started");
                Ok(())
            }
            // Nothing of users and roles is kept yet.
            _ => Ok(()),
        }
    }

    /// An app is gone: what others were allowed to do with it, and what it was promised, goes too. If one
    /// of its name was made since, that one begins afresh and keeps what is its own.
    async fn forget_deleted(&self, event: &Event) -> Result<(), String> {
        let name = event.about().ok_or("it names no app")?;
        self.registry.forget_removed(&name).await.map_err(|error| error.to_string())
    }
}
