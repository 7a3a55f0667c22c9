//! A snapshot of apps and links.

use super::entry::AppEntry;
use footbridge_model::app::Link;
use footbridge_model::name::AppName;
use footbridge_model::secret::Secret;
use footbridge_model::time::Millis;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Apps by name and by token, and links.
#[derive(Debug, Clone, Default)]
pub(crate) struct Directory {
    apps: BTreeMap<AppName, Arc<AppEntry>>,
    tokens: HashMap<[u8; 32], AppName>,
    links: BTreeMap<(AppName, AppName), Link>,
}

impl Directory {
    /// The app of this name, whatever its case, whether or not it counts.
    pub(crate) fn app(&self, name: &str) -> Option<&Arc<AppEntry>> {
        self.apps.get(name).or_else(|| self.apps.get(name.to_ascii_lowercase().as_str()))
    }

    /// The app, switched on, that has or had a token with this digest.
    pub(crate) fn by_token(&self, digest: &[u8; 32]) -> Option<&Arc<AppEntry>> {
        self.apps.get(self.tokens.get(digest)?)
    }

    /// The app that this token proves at `now`.
    pub(super) fn owner(&self, token: &Secret, now: Millis) -> Option<&AppName> {
        let entry = self.by_token(&token.digest())?;
        let live = entry.app.secrets.token.live(now).any(|live| live == token);
        live.then_some(&entry.app.name)
    }

    /// Every app, by name.
    pub(crate) fn apps(&self) -> impl Iterator<Item = &Arc<AppEntry>> {
        self.apps.values()
    }

    /// The link between these two.
    pub(crate) fn link(&self, host: &AppName, miniapp: &AppName) -> Option<&Link> {
        self.links.get(&(host.clone(), miniapp.clone()))
    }

    /// Every link, by host and miniapp.
    pub(crate) fn links(&self) -> impl Iterator<Item = &Link> {
        self.links.values()
    }

    pub(super) fn put_app(&mut self, entry: AppEntry) {
        let name = entry.app.name.clone();
        self.tokens.retain(|_, owner| *owner != name);
        // What is switched off proves nothing, and its tokens may have become another's.
        if entry.app.enabled {
            let token = &entry.app.secrets.token;
            if let Some(previous) = &token.previous {
                // Its overlap may be over: what another app was given since is that app's.
                self.tokens.entry(previous.secret.digest()).or_insert_with(|| name.clone());
            }
            self.tokens.insert(token.current.digest(), name.clone());
        }
        self.apps.insert(name, Arc::new(entry));
    }

    pub(super) fn remove_app(&mut self, name: &AppName) {
        self.apps.remove(name);
        self.tokens.retain(|_, owner| owner != name);
        self.links.retain(|(host, miniapp), _| host != name && miniapp != name);
    }

    pub(super) fn put_link(&mut self, link: Link) {
        self.links.insert((link.host.clone(), link.miniapp.clone()), link);
    }

    pub(super) fn remove_link(&mut self, host: &AppName, miniapp: &AppName) {
        self.links.remove(&(host.clone(), miniapp.clone()));
    }
}
