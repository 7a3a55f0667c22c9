//! The server's own hooks: what the server does when it receives one of its events.

use super::installed::Apps;
use footbridge_model::event::Event;
use footbridge_model::people::RoleName;

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
            "user-deleted" => {
                let id = member(event, "id").and_then(|id| id.parse().ok());
                self.people.purge_user(id.ok_or("the body of the event names no user")?).await
            }
            "role-deleted" => {
                let name = member(event, "name").and_then(|name| RoleName::parse(&name).ok());
                self.people.purge_role(&name.ok_or("the body of the event names no role")?).await
            }
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

/// Returns a member of the body of an event, if it is a text.
fn member(event: &Event, name: &str) -> Option<String> {
    let body: serde_json::Value = serde_json::from_slice(&event.body).ok()?;
    body.get(name)?.as_str().map(str::to_owned)
}
