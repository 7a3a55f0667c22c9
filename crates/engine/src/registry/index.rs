//! A snapshot of all hooks: four look-ups find every hook of an event.

use super::directory::Directory;
use super::shared_map::SharedMap;
use footbridge_courier::Target;
use footbridge_journal::Partition;
use footbridge_model::app::App;
use footbridge_model::hook::{Hook, HookType, Lifetime, web_url};
use footbridge_model::id::HookId;
use footbridge_model::name::{AppName, EventName};
use footbridge_model::pattern::{Part, Pattern};
use std::sync::Arc;

/// The destination of a hook's deliveries.
#[derive(Debug, Clone)]
pub(crate) enum Destination {
    /// A URL.
    Http(Arc<Target>),
    /// A path of an installed app, which is started first if it does not run.
    Installed,
    /// The router that is mounted at the route.
    Router,
    /// A function of the app: its file.
    Function(String),
    /// The server itself.
    Own,
    /// None at present; holds the reason.
    Nowhere(&'static str),
}

/// A hook and the destination of its deliveries.
#[derive(Debug, Clone)]
pub struct HookEntry {
    /// The hook.
    pub hook: Hook,
    pub(crate) destination: Destination,
    /// The partition of its app's deliveries.
    pub(crate) partition: Partition,
}

impl HookEntry {
    /// The URL of the destination, if it is one.
    pub(crate) fn http_target(&self) -> Option<&Arc<Target>> {
        match &self.destination {
            Destination::Http(target) => Some(target),
            _ => None,
        }
    }

    fn new(hook: Hook, directory: &Directory) -> Self {
        let app = directory.app(hook.app.as_str()).map(|entry| &entry.app);
        let destination = destination(&hook, app);
        let partition = partition(&hook.app, app);
        Self { hook, destination, partition }
    }

    /// The host and port of the destination, if it is a URL.
    pub(crate) fn host(&self) -> Option<&str> {
        match &self.destination {
            Destination::Http(target) => host_of(target.url()),
            _ => None,
        }
    }

    /// The URL of the destination; the route if the destination is not a URL.
    pub fn url(&self) -> &str {
        match &self.destination {
            Destination::Http(target) => target.url(),
            _ => &self.hook.route,
        }
    }
}

/// The partition of an app's deliveries: an installed app has its own, for it runs where its partition is owned.
fn partition(name: &AppName, app: Option<&App>) -> Partition {
    match app.filter(|app| app.package.is_some()) {
        Some(app) => Partition::of_installed(app.generation),
        None => Partition::of_app(name),
    }
}

fn destination(hook: &Hook, app: Option<&App>) -> Destination {
    let package = app.and_then(|app| app.package.as_deref());
    let url = match (hook.kind, app.and_then(|app| app.url.as_deref())) {
        _ if hook.app.as_str() == "bolt" => return Destination::Own,
        (HookType::Router, _) => return Destination::Router,
        (HookType::Function, _) => match package.and_then(|package| package.functions.get(&hook.route)) {
            Some(file) => return Destination::Function(file.clone()),
            None => return Destination::Nowhere("its app has no such function"),
        },
        (HookType::Web, _) => web_url(&hook.route).ok(),
        (HookType::Server, _) if package.is_some() => return Destination::Installed,
        (HookType::Server, Some(base)) => Some(joined(base, &hook.route)),
        (HookType::Server, None) => return Destination::Nowhere("its app has no url"),
    };
    match url.and_then(|url| Target::parse(&url).ok()) {
        Some(target) => Destination::Http(Arc::new(target)),
        None => Destination::Nowhere("its route leads nowhere"),
    }
}

/// The host and port of a URL.
pub(crate) fn host_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    rest.split(['/', '?', '#']).next()
}

/// A base and a route with exactly one slash between them.
pub(crate) fn joined(base: &str, route: &str) -> String {
    format!("{}/{}", base.trim_end_matches('/'), route.trim_start_matches('/'))
}

type Entry = Arc<HookEntry>;

/// Hooks by id, by app and by pattern. Clones share their parts, so a change of one hook copies no other hook.
#[derive(Debug, Clone, Default)]
pub(crate) struct HookIndex {
    all: SharedMap<HookId, Entry>,
    by_app: SharedMap<(AppName, Pattern, HookId), Entry>,
    /// Hooks that receive events.
    by_pattern: SharedMap<(Pattern, HookId), Entry>,
    /// Persistent hooks that receive none, because they or their apps are switched off.
    off: SharedMap<(Pattern, HookId), Entry>,
}

impl HookIndex {
    pub(super) fn build(hooks: Vec<Hook>, directory: &Directory) -> Self {
        let mut index = Self::default();
        for hook in hooks {
            index.put(hook, directory);
        }
        index
    }

    /// The hook of this id; includes hooks that are switched off.
    pub(crate) fn hook(&self, id: HookId) -> Option<&Entry> {
        self.all.get(&id)
    }

    /// All hooks, sorted by id.
    pub(crate) fn hooks(&self) -> impl Iterator<Item = &Entry> {
        self.all.values()
    }

    /// The hooks with ids above `after`, sorted by id.
    pub(crate) fn hooks_after(&self, after: Option<HookId>) -> impl Iterator<Item = &Entry> {
        self.all.iter_from(move |id| Some(*id) <= after).map(|(_, entry)| entry)
    }

    /// The hooks of an app, sorted by pattern.
    pub(crate) fn of<'a>(&'a self, app: &'a AppName) -> impl Iterator<Item = &'a Entry> {
        let entries = self.by_app.iter_from(move |(other, ..)| other < app);
        entries.take_while(move |((other, ..), _)| other == app).map(|(_, entry)| entry)
    }

    /// The number of hooks of an app.
    pub(crate) fn count_of(&self, app: &AppName) -> usize {
        self.by_app.rank(|(other, ..)| other <= app) - self.by_app.rank(|(other, ..)| other < app)
    }

    /// The hooks of an app with this pattern, sorted by id.
    pub(crate) fn of_pattern<'a>(
        &'a self,
        app: &'a AppName,
        pattern: &'a Pattern,
    ) -> impl Iterator<Item = &'a Entry> {
        let wanted = (app, pattern);
        let entries = self.by_app.iter_from(move |(app, pattern, _)| (app, pattern) < wanted);
        entries.take_while(move |((app, pattern, _), _)| (app, pattern) == wanted).map(|(_, entry)| entry)
    }

    /// The hooks that receive an event. A private event matches only hooks without a wildcard.
    pub(crate) fn matching(&self, publisher: &AppName, event: &EventName, private: bool) -> Vec<Entry> {
        Self::select(&self.by_pattern, publisher, event, private)
    }

    /// Like [`Self::matching`], for hooks that are switched off.
    pub(crate) fn matching_off(&self, publisher: &AppName, event: &EventName, private: bool) -> Vec<Entry> {
        if self.off.values().next().is_none() {
            Vec::new()
        } else {
            Self::select(&self.off, publisher, event, private)
        }
    }

    fn select(
        hooks: &SharedMap<(Pattern, HookId), Entry>,
        publisher: &AppName,
        event: &EventName,
        private: bool,
    ) -> Vec<Entry> {
        let exact = |text: &str| Part::Is(text.into());
        let (publisher, event) = (exact(publisher.key()), exact(event.as_str()));
        let mut found = Vec::new();
        let mut look = |publisher: &Part, event: &Part| {
            let pattern = Pattern { publisher: publisher.clone(), event: event.clone() };
            let entries = hooks.iter_from(|(other, _)| *other < pattern);
            found.extend(entries.take_while(|((other, _), _)| *other == pattern).map(|(_, e)| Arc::clone(e)));
        };
        look(&publisher, &event);
        if !private {
            look(&publisher, &Part::Any);
            look(&Part::Any, &event);
            look(&Part::Any, &Part::Any);
        }
        found
    }

    pub(super) fn put(&mut self, mut hook: Hook, directory: &Directory) {
        self.remove(hook.id);
        hook.app = directory.as_registered(hook.app);
        let receives =
            hook.enabled && directory.app(hook.app.as_str()).is_some_and(|entry| entry.app.enabled);
        let entry = Arc::new(HookEntry::new(hook, directory));
        let Hook { id, app, pattern, .. } = &entry.hook;
        if receives {
            self.by_pattern.insert((pattern.clone(), *id), Arc::clone(&entry));
        } else if entry.hook.lifetime == Lifetime::Persistent {
            self.off.insert((pattern.clone(), *id), Arc::clone(&entry));
        }
        self.by_app.insert((app.clone(), pattern.clone(), *id), Arc::clone(&entry));
        self.all.insert(*id, Arc::clone(&entry));
    }

    pub(super) fn remove(&mut self, id: HookId) {
        let Some(entry) = self.all.remove(&id) else { return };
        let Hook { app, pattern, .. } = &entry.hook;
        self.by_pattern.remove(&(pattern.clone(), id));
        self.off.remove(&(pattern.clone(), id));
        self.by_app.remove(&(app.clone(), pattern.clone(), id));
    }

    /// Updates the hooks of an app after the app has changed: their destinations, and whether they receive events.
    pub(super) fn refresh(&mut self, app: &AppName, directory: &Directory) {
        let hooks: Vec<Hook> = self.of(app).map(|entry| entry.hook.clone()).collect();
        for hook in hooks {
            self.put(hook, directory);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_a_url_is_its_authority() {
        assert_eq!(host_of("https://a.example:8443/hook?token=x"), Some("a.example:8443"));
        assert_eq!(host_of("http://[::1]:80?x"), Some("[::1]:80"));
        assert_eq!(host_of("/path"), None);
    }
}
