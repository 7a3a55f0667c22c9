//! A snapshot of apps and links.

use super::entry::AppEntry;
use super::shared_map::SharedMap;
use footbridge_model::app::Link;
use footbridge_model::name::AppName;
use footbridge_model::secret::Secret;
use footbridge_model::time::Millis;
use std::sync::Arc;

/// Apps by name and by token, and links. Clones share their parts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Directory {
    apps: SharedMap<AppName, Arc<AppEntry>>,
    tokens: SharedMap<[u8; 32], AppName>,
    links: SharedMap<(AppName, AppName), Link>,
    /// The server itself, as the publisher and subscriber `bolt`. It is not listed among the apps, and no token
    /// authenticates it.
    server: Option<Arc<AppEntry>>,
}

impl Directory {
    /// A directory without apps and links.
    pub(super) fn with_server(server: AppEntry) -> Self {
        Self { server: Some(Arc::new(server)), ..Self::default() }
    }

    /// A directory with these apps and links instead.
    pub(super) fn with(
        &self,
        apps: impl Iterator<Item = AppEntry>,
        links: impl Iterator<Item = Link>,
    ) -> Self {
        let mut directory = Self { server: self.server.clone(), ..Self::default() };
        apps.for_each(|app| directory.put_app(app));
        links.for_each(|link| directory.put_link(link));
        directory
    }

    /// The app of this name. Case-insensitive; includes disabled apps.
    pub(crate) fn app(&self, name: &str) -> Option<&Arc<AppEntry>> {
        let known = self.apps.get(name).or_else(|| self.apps.get(name.to_ascii_lowercase().as_str()));
        known.or_else(|| self.server.as_ref().filter(|server| server.app.name.as_str() == name))
    }

    /// The name in the spelling of its app; unchanged if no app has it.
    pub(crate) fn as_registered(&self, name: AppName) -> AppName {
        self.apps.get(&name).map_or(name, |entry| entry.app.name.clone())
    }

    /// The server itself.
    pub(crate) fn server(&self) -> Option<&Arc<AppEntry>> {
        self.server.as_ref()
    }

    /// The enabled app that has or had a token with this digest. The caller checks that the token is still valid.
    pub(crate) fn by_token(&self, digest: &[u8; 32]) -> Option<&Arc<AppEntry>> {
        self.apps.get(self.tokens.get(digest)?)
    }

    /// The app that this token authenticates at `now`.
    pub(super) fn owner(&self, token: &Secret, now: Millis) -> Option<&AppName> {
        let entry = self.by_token(&token.digest())?;
        let live = entry.app.secrets.token.live(now).any(|live| live == token);
        live.then_some(&entry.app.name)
    }

    /// All apps, sorted by name.
    pub(crate) fn apps(&self) -> impl Iterator<Item = &Arc<AppEntry>> {
        self.apps.values()
    }

    /// The link between a host and a miniapp.
    pub(crate) fn link(&self, host: &AppName, miniapp: &AppName) -> Option<&Link> {
        self.links.get(&(host.clone(), miniapp.clone()))
    }

    /// All links, sorted by host and miniapp.
    pub(crate) fn links(&self) -> impl Iterator<Item = &Link> {
        self.links.values()
    }

    pub(super) fn put_app(&mut self, entry: AppEntry) {
        let name = entry.app.name.clone();
        self.forget_tokens(&name);
        // A disabled app has no valid token, and another app may have taken its tokens.
        if let Some(run) = entry.run.as_ref().filter(|_| entry.app.enabled) {
            self.tokens.insert(run.token.digest(), name.clone());
        }
        // An installed app has the token of its run and no other.
        if entry.app.enabled && entry.app.package.is_none() {
            let token = &entry.app.secrets.token;
            for previous in &token.previous {
                // The overlap may be over, and another app may have taken the token since.
                let digest = previous.secret.digest();
                if self.tokens.get(&digest).is_none() {
                    self.tokens.insert(digest, name.clone());
                }
            }
            self.tokens.insert(token.current.digest(), name.clone());
        }
        let respelled = self.apps.get(&name).is_some_and(|known| !known.app.name.is_written_like(&name));
        self.apps.insert(name, Arc::new(entry));
        if respelled {
            let links = std::mem::take(&mut self.links);
            links.values().for_each(|link| self.put_link(link.clone()));
        }
    }

    /// Removes the tokens of an app.
    fn forget_tokens(&mut self, name: &AppName) {
        let Some(known) = self.apps.get(name).cloned() else { return };
        let token = &known.app.secrets.token;
        let previous = token.previous.iter().map(|previous| &previous.secret);
        let run = known.run.as_ref().map(|run| &run.token);
        for secret in std::iter::once(&token.current).chain(previous).chain(run) {
            let digest = secret.digest();
            if self.tokens.get(&digest) == Some(name) {
                self.tokens.remove(&digest);
            }
        }
    }

    pub(super) fn remove_app(&mut self, name: &AppName) {
        self.forget_tokens(name);
        self.apps.remove(name);
        let its = |(host, miniapp): &&(AppName, AppName)| host == name || miniapp == name;
        let gone: Vec<_> = self.links.iter().map(|(ends, _)| ends).filter(its).cloned().collect();
        for ends in &gone {
            self.links.remove(ends);
        }
    }

    pub(super) fn put_link(&mut self, link: Link) {
        let (host, miniapp) = (self.as_registered(link.host), self.as_registered(link.miniapp));
        let link = Link { host, miniapp, ..link };
        self.links.insert((link.host.clone(), link.miniapp.clone()), link);
    }

    pub(super) fn remove_link(&mut self, host: &AppName, miniapp: &AppName) {
        self.links.remove(&(host.clone(), miniapp.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::spec::SecretSet;
    use footbridge_model::app::{App, AppSecrets, TOKEN_PREFIX, Unseen};
    use footbridge_model::hook::Origin;
    use footbridge_model::rotation::{Previous, Rotating};

    const NOW: Millis = Millis(1_000_000);

    /// An app whose token replaced another one, which is valid until the given time.
    fn entry(name: &str, token: &str, previous: Option<(&str, i64)>) -> AppEntry {
        let rotating = |text: &str| Rotating::new(Secret::new(text));
        let previous = previous.map(|(secret, until)| Previous {
            secret: Secret::new(secret),
            until: Millis(until),
            superseded: false,
            uses_id: 0,
            set: None,
        });
        let previous = previous.into_iter().collect();
        let app = App {
            name: AppName::parse(name).unwrap(),
            secrets: AppSecrets {
                token: Rotating { previous, ..rotating(token) },
                secret_key: rotating("key"),
                signing_secret: rotating("signing"),
            },
            unseen: Unseen::default(),
            token_prefix: TOKEN_PREFIX.to_owned(),
            receiver_url: None,
            receiver_enabled: true,
            receiver_auth: None,
            url: None,
            host_classes: std::collections::BTreeMap::new(),
            ca_file: None,
            miniapp_url: None,
            private: std::collections::BTreeSet::new(),
            package: None,
            origin: Origin::Api,
            enabled: true,
            created_at: Millis(0),
            generation: 0,
            proof_epoch: 0,
        };
        AppEntry::new(app, Arc::default(), SecretSet::default())
    }

    fn off(entry: AppEntry) -> AppEntry {
        AppEntry::new(App { enabled: false, ..entry.app }, Arc::default(), SecretSet::default())
    }

    fn directory(entries: impl IntoIterator<Item = AppEntry>) -> Directory {
        Directory::default().with(entries.into_iter(), std::iter::empty())
    }

    fn owner<'a>(directory: &'a Directory, token: &str) -> Option<&'a str> {
        directory.owner(&Secret::new(token), NOW).map(AppName::as_str)
    }

    #[test]
    fn a_replaced_token_is_valid_until_its_overlap_ends() {
        let during = directory([entry("a", "new", Some(("old", NOW.0 + 1)))]);
        assert_eq!((owner(&during, "new"), owner(&during, "old")), (Some("a"), Some("a")));
        let after = directory([entry("a", "new", Some(("old", NOW.0)))]);
        assert_eq!((owner(&after, "new"), owner(&after, "old")), (Some("a"), None));
    }

    #[test]
    fn a_current_token_wins_over_an_expired_one() {
        let over = || entry("a", "new", Some(("old", NOW.0)));
        let taken = || entry("b", "old", None);
        for mut known in [directory([over(), taken()]), directory([taken(), over()])] {
            assert_eq!(owner(&known, "old"), Some("b"));
            known.put_app(over());
            assert_eq!(owner(&known, "old"), Some("b"));
        }
    }

    #[test]
    fn a_disabled_app_has_no_token() {
        let mut known = directory([off(entry("a", "1", Some(("2", NOW.0 + 1))))]);
        assert_eq!((owner(&known, "1"), owner(&known, "2")), (None, None));
        known.put_app(entry("b", "1", None));
        known.put_app(off(entry("a", "1", None)));
        assert_eq!(owner(&known, "1"), Some("b"));
        known.put_app(off(entry("b", "1", None)));
        known.put_app(entry("a", "1", None));
        assert_eq!(owner(&known, "1"), Some("a"));
    }
}
