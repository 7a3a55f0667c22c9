//! The facts of a story: what the journal, the registry and the dispatcher know about one event.

use crate::explain::enabled_apps;
use crate::lane_report::LaneReport;
use crate::registry::AppRegistry;
use footbridge_journal::{DeliveryFilter, DeliveryView, Effect, EventView, Journal, JournalError, Search};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::hook::Hook;
use footbridge_model::id::{EventId, HookId};
use footbridge_model::name::AppName;
use footbridge_model::query::{Condition, Query};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// The most deliveries of an event that are read.
const MAX_DELIVERIES: u32 = 5000;
/// The most deliveries whose attempts are read.
const MAX_DETAILS: usize = 100;
/// The most effects that are shown.
const MAX_EFFECTS: u32 = 50;

/// Everything that the story of an event needs.
pub(crate) struct Facts {
    /// The event, with the deliveries that are told of.
    pub(crate) event: EventView,
    /// The number of all deliveries that it was published with.
    pub(crate) made: u32,
    /// The deliveries of each hook, oldest first.
    pub(crate) deliveries: BTreeMap<HookId, Vec<DeliveryView>>,
    /// False if there are more deliveries than were read.
    pub(crate) complete: bool,
    /// The hooks that exist.
    pub(crate) hooks: BTreeMap<HookId, Hook>,
    /// The apps that are switched on.
    pub(crate) apps: HashSet<AppName>,
    /// The lanes of hooks with a pending delivery of the event.
    pub(crate) lanes: BTreeMap<HookId, LaneReport>,
    pub(crate) effects: Vec<Effect>,
}

impl Facts {
    /// Reads the facts from journal and registry; `None` if there is no such event. The lanes are left to the caller. With a
    /// scope, they are those that these apps see.
    pub(crate) async fn read(
        journal: &dyn Journal,
        registry: &AppRegistry,
        id: EventId,
        scope: Option<&BTreeSet<AppName>>,
    ) -> Result<Option<Self>, JournalError> {
        let Some(mut event) = journal.event(id).await? else { return Ok(None) };
        let made = event.deliveries;
        let query = Query::default().and(Condition::Event(id));
        let search = Search { query, scope: scope.cloned(), ..Search::all(None, MAX_DELIVERIES) };
        let views = journal.search_deliveries(DeliveryFilter::default(), search).await?.rows;
        let complete = views.len() < MAX_DELIVERIES as usize;
        let is_seen = |app: &AppName| scope.is_none_or(|apps| apps.contains(app));
        if scope.is_none() {
            event.statuses = journal.statuses(id).await?;
        } else if views.is_empty() && !is_seen(&event.event.publisher) {
            return Ok(None);
        } else {
            event = event.limited_to(views.iter().map(|view| (view.delivery.id, view.delivery.status)));
        }
        let mut deliveries: BTreeMap<HookId, Vec<DeliveryView>> = BTreeMap::new();
        // Attempts of what did not arrive first: they say most.
        let (arrived, others): (Vec<_>, Vec<_>) =
            views.into_iter().partition(|view| view.delivery.status == DeliveryStatus::Delivered);
        for (place, view) in others.into_iter().chain(arrived).enumerate() {
            let detailed = if place < MAX_DETAILS && view.delivery.attempts > 0 {
                journal.delivery(view.delivery.id).await?
            } else {
                None
            };
            deliveries.entry(view.hook.id).or_default().push(detailed.unwrap_or(view));
        }
        for views in deliveries.values_mut() {
            views.sort_by_key(|view| view.delivery.id);
        }
        let mut effects = journal.effects(id, MAX_EFFECTS).await?;
        effects.retain(|effect| is_seen(&effect.app));
        let index = registry.index.load();
        let seen = index.hooks().filter(|entry| is_seen(&entry.hook.app));
        let hooks = seen.map(|entry| (entry.hook.id, entry.hook.clone())).collect();
        let (apps, lanes) = (enabled_apps(registry), BTreeMap::new());
        Ok(Some(Self { event, made, deliveries, complete, hooks, apps, lanes, effects }))
    }

    /// The hooks that have a pending delivery of the event.
    pub(crate) fn waiting_hooks(&self) -> Vec<HookId> {
        let waits =
            |views: &[DeliveryView]| views.iter().any(|view| view.delivery.status == DeliveryStatus::Pending);
        self.deliveries.iter().filter(|(_, views)| waits(views)).map(|(hook, _)| *hook).collect()
    }
}
