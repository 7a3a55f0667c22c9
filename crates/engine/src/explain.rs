//! Explanations: if a hook would receive an event, and why; also after changes that nobody has made.

use crate::registry::{AppRegistry, HookEntry, HookSpec};
use crate::verdict::Verdict;
use footbridge_model::hook::Hook;
use footbridge_model::id::HookId;
use footbridge_model::name::{AppName, EventName};
use footbridge_model::pattern::{Part, Pattern};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// The explanation for one hook.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The hook that is explained, as it is.
    pub hook: Arc<HookEntry>,
    /// The verdict for the hook.
    pub verdict: Verdict,
}

/// An event that nobody has published, and what is assumed about it.
#[derive(Debug, Clone, Copy)]
pub struct Hypothesis<'a> {
    /// The app that would publish the event.
    pub publisher: &'a AppName,
    /// The name of the event.
    pub name: &'a EventName,
    /// True or false to assume that the event is private or not; `None` to ask its publisher's settings.
    pub private: Option<bool>,
    /// The apps that the publisher would name.
    pub subscribers: Option<&'a [AppName]>,
    /// The changes that are assumed.
    pub changes: &'a [AssumedChange],
}

impl<'a> Hypothesis<'a> {
    /// An event of `publisher` with the settings as they are.
    pub const fn of(publisher: &'a AppName, name: &'a EventName) -> Self {
        Self { publisher, name, private: None, subscribers: None, changes: &[] }
    }
}

/// A change that is assumed, and not made.
#[derive(Debug, Clone)]
pub enum AssumedChange {
    /// A hook is switched on or off.
    Hook {
        /// The id of the hook.
        id: HookId,
        /// True if it is on.
        enabled: bool,
    },
    /// An app is switched on or off.
    App {
        /// The name of the app.
        name: AppName,
        /// True if it is on.
        enabled: bool,
    },
    /// A hook is added.
    NewHook(HookSpec),
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
    /// Only hooks of these apps, also in the counts; `None` for all.
    pub scope: Option<&'a BTreeSet<AppName>>,
    /// The largest number of hooks.
    pub limit: usize,
}

/// The explanations for one event.
#[derive(Debug, Clone)]
pub struct Explained {
    /// The explanations that were asked for, sorted by hook id.
    pub hooks: Vec<Explanation>,
    /// The number of all hooks in the scope that would receive the event, with the changes.
    pub would_get: u64,
    /// The hooks that receive it only with the changes.
    pub would_add: Vec<Hook>,
    /// The hooks that receive it only without the changes.
    pub would_lose: Vec<Hook>,
}

/// Judges hooks by the rules that [`crate::publish`] applies through the index.
pub(crate) struct Judge<'a> {
    publisher: &'a AppName,
    name: &'a EventName,
    private: bool,
    subscribers: Option<&'a [AppName]>,
    /// The apps that are switched on.
    apps: HashSet<AppName>,
    /// Hooks that are assumed to be switched on or off.
    hooks: HashMap<HookId, bool>,
}

impl<'a> Judge<'a> {
    pub(crate) fn new(registry: &AppRegistry, asked: Hypothesis<'a>) -> Self {
        let directory = registry.directory.load();
        let Hypothesis { publisher, name, subscribers, .. } = asked;
        let listed = || directory.app(publisher.as_str()).is_some_and(|app| app.app.private.contains(name));
        Self {
            publisher,
            name,
            private: asked.private.unwrap_or_else(listed),
            subscribers,
            apps: enabled_apps(registry),
            hooks: HashMap::new(),
        }
    }

    /// Assumes these changes from now on.
    fn with(mut self, changes: &[AssumedChange]) -> Self {
        for change in changes {
            match change {
                AssumedChange::Hook { id, enabled } => {
                    self.hooks.insert(*id, *enabled);
                }
                AssumedChange::App { name, enabled: true } => {
                    self.apps.insert(name.clone());
                }
                AssumedChange::App { name, enabled: false } => {
                    self.apps.remove(name);
                }
                AssumedChange::NewHook(_) => {}
            }
        }
        self
    }

    pub(crate) fn verdict(&self, hook: &Hook) -> Verdict {
        let enabled = self.hooks.get(&hook.id).copied().unwrap_or(hook.enabled);
        match self.mismatch(&hook.app, &hook.pattern) {
            Some(verdict) => verdict,
            None if !enabled => Verdict::of_disabled(hook),
            None if !self.apps.contains(&hook.app) => Verdict::AppDisabled,
            None => Verdict::Gets,
        }
    }

    /// The rule that keeps the event from hooks of this app with this pattern, even if they are switched on.
    fn mismatch(&self, app: &AppName, pattern: &Pattern) -> Option<Verdict> {
        let of_publisher = Pattern { event: Part::Any, ..pattern.clone() };
        if !of_publisher.matches(self.publisher, self.name) {
            Some(Verdict::OtherPublisher)
        } else if !pattern.matches(self.publisher, self.name) {
            Some(Verdict::OtherEvent)
        } else if self.private && pattern.has_wildcard() {
            Some(Verdict::Private)
        } else if self.subscribers.is_some_and(|names| !names.contains(app)) {
            Some(Verdict::NotASubscriber)
        } else {
            None
        }
    }
}

/// The apps that are switched on, the server itself included.
pub(crate) fn enabled_apps(registry: &AppRegistry) -> HashSet<AppName> {
    let directory = registry.directory.load();
    let enabled = directory.apps().filter(|entry| entry.app.enabled);
    enabled.map(|entry| entry.app.name.clone()).chain([AppName::bolt()]).collect()
}

/// Explains the hooks that are asked for.
pub(crate) fn explain(registry: &AppRegistry, asked: Hypothesis<'_>, from: ExplainFrom<'_>) -> Explained {
    let (before, after) = (Judge::new(registry, asked), Judge::new(registry, asked).with(asked.changes));
    let index = registry.index.load();
    let mut explained =
        Explained { hooks: Vec::new(), would_get: 0, would_add: Vec::new(), would_lose: Vec::new() };
    let is_seen = |app: &AppName| from.scope.is_none_or(|apps| apps.contains(app));
    for entry in index.hooks().filter(|entry| is_seen(&entry.hook.app)) {
        let (was, verdict) = (before.verdict(&entry.hook), after.verdict(&entry.hook));
        let gets = verdict == Verdict::Gets;
        explained.would_get += u64::from(gets);
        match (was == Verdict::Gets, gets) {
            (false, true) => explained.would_add.push(entry.hook.clone()),
            (true, false) => explained.would_lose.push(entry.hook.clone()),
            _ => {}
        }
        let wanted = from.after.is_none_or(|after| entry.hook.id > after)
            && from.app.is_none_or(|app| entry.hook.app == *app)
            && from.would_get.is_none_or(|wanted| wanted == gets);
        if wanted && explained.hooks.len() < from.limit {
            explained.hooks.push(Explanation { hook: Arc::clone(entry), verdict });
        }
    }
    for change in asked.changes {
        if let AssumedChange::NewHook(spec) = change
            && after.mismatch(&spec.app, &spec.pattern).is_none()
            && after.apps.contains(&spec.app)
            && is_seen(&spec.app)
        {
            explained.would_get += 1;
            explained.would_add.push(registry.assumed_hook(spec));
        }
    }
    explained
}
