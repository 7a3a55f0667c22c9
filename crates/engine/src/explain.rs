//! Why a hook would or would not get an event.

use crate::registry::{AppEntry, AppRegistry, HookEntry};
use footbridge_model::id::HookId;
use footbridge_model::name::{AppName, EventName};
use std::sync::Arc;

/// What one hook would make of an event.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The hook.
    pub hook: Arc<HookEntry>,
    /// Whether it would get the event, and why.
    pub verdict: Verdict,
}

/// Whether a hook would get an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It would.
    Gets,
    /// Its pattern names another publisher.
    OtherPublisher,
    /// Its pattern names another event.
    OtherEvent,
    /// The event is private and its pattern has a `*` half.
    Private,
    /// Its app is not among the subscribers that the publisher names.
    NotASubscriber,
    /// It is switched off.
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

/// Which hooks are judged.
#[derive(Debug, Clone, Copy, Default)]
pub struct ExplainFrom<'a> {
    /// Only those after this one.
    pub after: Option<HookId>,
    /// Only those of this app.
    pub app: Option<&'a AppName>,
    /// Only those that would get it, or only the others.
    pub would_get: Option<bool>,
    /// At most so many.
    pub limit: usize,
}

/// What hooks would make of an event.
#[derive(Debug, Clone)]
pub struct Explained {
    /// Those that were asked for, by their ids.
    pub hooks: Vec<Explanation>,
    /// How many of all hooks would get it.
    pub would_get: u64,
}

/// Judges the hooks, by the rule that [`crate::publish`] applies through the index.
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

/// How many hooks an event goes to.
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
