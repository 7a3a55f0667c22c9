//! Stories of events and exchanges.

use super::build::{Engine, Inner};
use crate::explain::{Hypothesis, Judge};
use crate::story::{self, EventStory, ExchangeStory, Facts};
use footbridge_journal::JournalError;
use footbridge_model::id::{EventId, ExchangeId};
use footbridge_model::name::AppName;
use std::collections::BTreeSet;

impl Engine {
    /// The story of an event: its steps, who got it, who did not, and why. `None` if it is not stored. With a scope, the story
    /// that these apps see; `None` if they see nothing of it.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn event_story(
        &self,
        id: EventId,
        scope: Option<&BTreeSet<AppName>>,
    ) -> Result<Option<EventStory>, JournalError> {
        let Inner { registry, journal, .. } = &*self.0;
        let Some(mut facts) = Facts::read(&**journal, registry, id, scope).await? else { return Ok(None) };
        let waiting = facts.waiting_hooks();
        if !waiting.is_empty() {
            let index = registry.index.load_full();
            let hooks = waiting.iter().filter_map(|hook| index.hook(*hook).cloned()).collect();
            let lanes = self.lanes(hooks).await?;
            facts.lanes = lanes.into_iter().map(|lane| (lane.hook.hook.id, lane)).collect();
        }
        let event = facts.event.event.clone();
        let judge = Judge::new(registry, Hypothesis::of(&event.publisher, &event.name));
        Ok(Some(story::of_event(facts, &judge)))
    }

    /// The story of an exchange: its checks and its steps. `None` if it is not stored.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn exchange_story(&self, id: ExchangeId) -> Result<Option<ExchangeStory>, JournalError> {
        let record = self.0.journal.exchange(id).await?;
        Ok(record.map(|record| story::of_exchange(&self.0.registry, record)))
    }
}
