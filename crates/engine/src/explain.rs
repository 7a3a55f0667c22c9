//! Explanations: if a hook would receive an event, and why.

use crate::registry::{AppEntry, AppRegistry, HookEntry};
use footbridge_model::id::HookId;
use footbridge_model::name::{AppName, EventName};
use std::sync::Arc;

/// The explanation for one hook.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The hook that is explained.
    pub hook: Arc<HookEntry>,
    /// The verdict for the hook.
    pub verdict: Verdict,
}

/// The reason why a hook would or would not receive an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It would receive the event.
    Gets,
    /// Its pattern names another publisher.
    OtherPublisher,
    /// Its pattern names another event.
    OtherEvent,
    /// The event is private and its pattern has a wildcard.
    Private,
    /// The publisher names subscribers, and its app is not one of them.
    NotASubscriber,
    /// The hook is switched off.
    HookDisabled,
    /// Its app is switched off.
    AppDisabled,
}

impl Verdict {
    /// The reason in words.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Gets => "its pattern matches",
            Self::OtherPublisher => "its pattern names another publisher",
            Self::OtherEvent => "its pattern names another event",
            Self::Private => "the event is private, and hooks with a `*` half never get those",
            Self::NotASubscriber => "the publisher named subscribers, and its app is not among them",
            Self::HookDisabled => {
                "the hook is switched off: the event is kept as skipped, and can be retried"
            }
            Self::AppDisabled => "its app is switched off: the event is kept as skipped, and can be retried",
        }
    }
}

/// The hooks to explain.
#[derive(Debug, Clone, Copy, Default)]
pub struct ExplainFrom<'a> {
    /// Only hooks with ids above this one.
    pub after: Option<HookId>,
    /// Only hooks of this app.
    pub app: Option<&'a AppName>,
    /// Only hooks that would receive the event (`true`), or only the others (`false`).
    pub would_get: Option<bool>,
    /// The largest number of hooks.
    pub limit: usize,
}

/// The explanations for one event.
#[derive(Debug, Clone)]
pub struct Explained {
    /// The explanations that were asked for, sorted by hook id.
    pub hooks: Vec<Explanation>,
    /// The number of all hooks that would receive the event.
    pub would_get: u64,
}

/// Explains the hooks, by the rules that [`crate::publish`] applies through the index.
pub(crate) fn explain(
    registry: &AppRegistry,
    publisher: &AppName,
    entry: Option<&AppEntry>,
    name: &EventName,
    subscribers: Option<&[AppName]>,
    from: ExplainFrom<'_>,
) -> Explained {
    let private = entry.is_some_and(|entry| entry.app.private.contains(name));
    let would_get = matching_hooks(registry, publisher, name, private, subscribers);
    let directory = registry.directory.load();
    let judge = |entry: &HookEntry| {
        let hook = &entry.hook;
        let any_event = footbridge_model::pattern::Part::Any;
        let publisher_fits = footbridge_model::pattern::Pattern { event: any_event, ..hook.pattern.clone() };
        if !publisher_fits.matches(publisher, name) {
            Verdict::OtherPublisher
        } else if !hook.pattern.matches(publisher, name) {
            Verdict::OtherEvent
        } else if private && hook.pattern.has_wildcard() {
            Verdict::Private
        } else if subscribers.is_some_and(|names| !names.contains(&hook.app)) {
            Verdict::NotASubscriber
        } else if !hook.enabled {
            Verdict::HookDisabled
        } else if !directory.app(hook.app.as_str()).is_some_and(|owner| owner.app.enabled) {
            Verdict::AppDisabled
        } else {
            Verdict::Gets
        }
    };
    let index = registry.index.load();
    let hooks = index
        .hooks()
        .filter(|entry| from.after.is_none_or(|after| entry.hook.id > after))
        .filter(|entry| from.app.is_none_or(|app| entry.hook.app == *app))
        .map(|hook| Explanation { hook: Arc::clone(hook), verdict: judge(hook) })
        .filter(|found| from.would_get.is_none_or(|wanted| wanted == (found.verdict == Verdict::Gets)))
        .take(from.limit)
        .collect();
    Explained { hooks, would_get }
}

/// The number of hooks that receive an event.
fn matching_hooks(
    registry: &AppRegistry,
    publisher: &AppName,
    name: &EventName,
    private: bool,
    subscribers: Option<&[AppName]>,
) -> u64 {
    let matching = registry.index.load().matching(publisher, name, private);
    let named = |hook: &&Arc<HookEntry>| subscribers.is_none_or(|names| names.contains(&hook.hook.app));
    matching.iter().filter(named).count() as u64
}
