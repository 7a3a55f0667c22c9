//! The audit log, and changes that name who makes them.

use super::build::Engine;
use footbridge_journal::{AuditFilter, FoundAudit, JournalError, Page};
use footbridge_model::audit::{Actor, AuditEntry, AuditObject};
use footbridge_model::id::AuditId;
use std::sync::Arc;

impl Engine {
    /// The same engine for changes that this actor makes: the audit log names it. Without one, it names the server.
    ///
    /// ```
    /// use footbridge_engine::{AppSpec, AuditFilter, Page};
    /// use footbridge_model::admin_caller::AdminCaller;
    /// use footbridge_model::name::AppName;
    ///
    /// # mod in_memory { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/in_memory.rs")); }
    /// # in_memory::run(|engine, _| async move {
    /// let caller = AdminCaller::admin(None);
    /// engine.acting_as(&caller).add_app(AppSpec::named(AppName::parse("shop")?), vec![]).await?;
    ///
    /// let found = engine.audit_log(AuditFilter::default(), Page { before: None, limit: 1 }).await?;
    /// let entry = found.entries.first().ok_or("it is stored with the app")?;
    /// assert_eq!((&*entry.who.name, &*entry.action, &*entry.object.id), ("admin", "app.create", "shop"));
    /// # Ok(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn acting_as(&self, actor: impl Into<Actor>) -> Self {
        Self(Arc::clone(&self.0), Some(Arc::new(actor.into())))
    }

    /// The one who makes changes through this handle.
    pub(super) fn actor(&self) -> Arc<Actor> {
        self.1.clone().unwrap_or_else(|| Arc::new(Actor::system()))
    }

    /// Entries of the audit log, newest first. Searches a bounded part of the log.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn audit_log(&self, filter: AuditFilter, page: Page) -> Result<FoundAudit, JournalError> {
        self.0.journal.audit_entries(filter, page).await
    }

    /// An entry for an act of this handle's actor.
    pub(super) fn entry(&self, action: &str, object: AuditObject) -> AuditEntry {
        AuditEntry {
            id: AuditId::from_number(self.0.ids.next(self.now())),
            who: Actor::clone(&self.actor()),
            action: action.to_owned(),
            object,
            before: None,
            after: None,
            note: None,
        }
    }

    /// Stores an entry for an act that changes nothing in the store, unless the server acts by itself.
    pub(super) async fn note(&self, action: &str, object: AuditObject) {
        self.note_with(action, object, None).await;
    }

    /// Like [`Engine::note`], with a text.
    pub(super) async fn note_with(&self, action: &str, object: AuditObject, note: Option<String>) {
        if self.1.is_none() {
            return;
        }
        let entry = AuditEntry { note, ..self.entry(action, object) };
        if let Err(error) = self.0.journal.audit(vec![entry]).await {
            tracing::warn!(action, %error, "an entry of the audit log could not be stored");
        }
    }
}
