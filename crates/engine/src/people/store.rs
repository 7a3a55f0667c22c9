//! The state that everything about people shares: the store, and the signal that something has changed.

use super::audit;
use super::codes::Codes;
use super::error::PeopleError;
use super::guesses::Guesses;
use super::passwords::Passwords;
use crate::audit::entries;
use crate::publish::Publisher;
use crate::system_event::SystemEvent;
use footbridge_journal::{JournalError, PeopleChange, PeopleSnapshot, Store};
use footbridge_model::audit::Actor;
use footbridge_model::id::IdSource;
use footbridge_model::lineage::Lineage;
use footbridge_model::people::{Role, RoleName, User};
use footbridge_model::time::{Clock, Entropy, Millis};
use std::sync::Arc;
use tokio::sync::watch;

/// Manages users, roles, tokens and sessions.
pub struct People {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) ids: Arc<IdSource>,
    pub(super) publisher: Arc<Publisher>,
    pub(super) passwords: Passwords,
    pub(super) guesses: Guesses,
    pub(super) codes: Codes,
    /// Counts changes of rights: whoever holds a stream open looks at its caller again.
    changed: watch::Sender<u64>,
    /// Serialises changes that depend on what is stored.
    pub(super) changing: tokio::sync::Mutex<()>,
}

impl std::fmt::Debug for People {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("People").finish_non_exhaustive()
    }
}

impl People {
    pub(crate) fn new(
        store: &Arc<dyn Store>,
        publisher: &Arc<Publisher>,
        ids: &Arc<IdSource>,
        entropy: &Arc<dyn Entropy>,
    ) -> Self {
        Self {
            clock: Arc::clone(&publisher.clock),
            passwords: Passwords::new(&**entropy),
            store: Arc::clone(store),
            entropy: Arc::clone(entropy),
            ids: Arc::clone(ids),
            publisher: Arc::clone(publisher),
            guesses: Guesses::default(),
            codes: Codes::default(),
            changed: watch::Sender::new(0),
            changing: tokio::sync::Mutex::default(),
        }
    }

    /// The source of randomness for secrets.
    pub fn entropy(&self) -> &dyn Entropy {
        &*self.entropy
    }

    pub(super) fn now(&self) -> Millis {
        self.clock.now()
    }

    /// Returns all users, roles, tokens and sessions.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn all(&self) -> Result<PeopleSnapshot, JournalError> {
        self.store.people().await
    }

    /// Returns true if no user exists yet.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn is_empty(&self) -> Result<bool, JournalError> {
        Ok(self.all().await?.users.is_empty())
    }

    /// Stores changes, and signals them to open streams.
    pub(super) async fn change(&self, changes: Vec<PeopleChange>) -> Result<(), JournalError> {
        let stored = self.store.change_people(changes).await;
        // Also after an error: it may have been stored.
        self.changed.send_modify(|count| *count = count.wrapping_add(1));
        stored
    }

    /// Stores changes that this actor makes, with their entries of the audit log, and signals them to open streams.
    pub(super) async fn change_as(
        &self,
        by: impl Into<Actor>,
        mut changes: Vec<PeopleChange>,
    ) -> Result<(), JournalError> {
        let before = self.all().await?;
        let acts = changes.iter().filter_map(|change| audit::act(&before, change)).collect();
        let entries = entries(&self.ids, self.now(), &by.into(), acts);
        changes.extend(entries.into_iter().map(|entry| PeopleChange::Audit(Box::new(entry))));
        self.change(changes).await
    }

    /// Returns the signal that rights may have changed.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Publishes an event of the server. What it tells of is stored already, so an error is only logged.
    pub(super) async fn publish(&self, event: SystemEvent<'_>) {
        let published = self.publisher.publish_server_event(&event, None, Lineage::default()).await;
        if let Err(error) = published {
            tracing::warn!(event = event.name(), %error, "a server event could not be stored");
        }
    }

    /// Returns the built-in role of this name, or the one that is stored.
    pub(super) fn role_named(found: &PeopleSnapshot, name: &RoleName) -> Option<Role> {
        Role::find_built_in(name).or_else(|| found.roles.iter().find(|role| role.name == *name).cloned())
    }

    /// Returns the role of a user, from a snapshot.
    pub(super) fn role_of(found: &PeopleSnapshot, user: &User) -> Option<Role> {
        Self::role_named(found, user.role.as_ref()?)
    }

    /// Returns the role that a member of a request names.
    pub(super) fn existing_role(found: &PeopleSnapshot, name: &RoleName) -> Result<Role, PeopleError> {
        Self::role_named(found, name).ok_or_else(|| PeopleError::Invalid {
            member: "role",
            why: format!("names `{name}`, which does not exist"),
        })
    }
}
