//! Why a hook would or would not get an event.

use crate::registry::{AppEntry, HookEntry, Registry};
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
            Self::HookDisabled => "the hook is switched off",
            Self::AppDisabled => "its app is switched off",
        }
    }
}

/// Judges every hook, by the rule that [`crate::publish`] applies through the index.
pub(crate) fn explain(
    registry: &Registry,
    publisher: &AppName,
    entry: Option<&AppEntry>,
    name: &EventName,
    subscribers: Option<&[AppName]>,
) -> Vec<Explanation> {
    let private = entry.is_some_and(|entry| entry.app.private.contains(name));
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
    index.hooks().map(|hook| Explanation { hook: Arc::clone(hook), verdict: judge(hook) }).collect()
}
