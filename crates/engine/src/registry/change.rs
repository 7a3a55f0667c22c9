//! Changes of apps and links: kept first, then seen.

use super::directory::Directory;
use super::entry::AppEntry;
use super::seen::{check_ca_file, hosts};
use super::spec::{AppChange, AppSpec, LinkSpec, MadeSecrets, Overlap, Rotation, SecretKind, SecretSet};
use super::state::{ChangeError, Registry};

use footbridge_courier::{Target, TargetError};
use footbridge_model::app::{App, AppSecrets, Link, Unseen};
use footbridge_model::hook::Origin;
use footbridge_model::name::AppName;
use footbridge_model::secret::{Rotating, Secret};
use footbridge_model::signature::{self, Signer};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How long a replaced secret still counts.
const OVERLAP: Duration = Duration::from_hours(24);
/// What made tokens begin with, so that scanners can tell a leaked one.
const TOKEN_MARK: &str = "fbt_";
/// The same for secret keys.
const KEY_MARK: &str = "fbk_";

impl Registry {
    /// The app as the engine holds it; `files` says anew which secrets the file gives.
    pub(super) fn entry(&self, app: App, files: Option<SecretSet>) -> AppEntry {
        let state = self.state(&app.name);
        AppEntry::new(app, state, files.unwrap_or_default())
    }

    /// Makes an app; the secrets in the answer are shown this once.
    pub(crate) async fn add_app(&self, spec: AppSpec) -> Result<(Arc<AppEntry>, MadeSecrets), ChangeError> {
        let seen = self.look(spec.name.as_str(), [&spec.url, &spec.receiver_url].into_iter().flatten()).await;
        let _turn = self.changing.lock().await;
        let directory = self.directory.load_full();
        if directory.app(spec.name.as_str()).is_some() {
            let name = spec.name;
            return Err(ChangeError::Exists(format!(
                "the app `{name}` exists already: see it with `footbridge app show {name}`, change it with PATCH /api/v1/apps/{name}"
            )));
        }
        let (mut app, made) = self.new_app(spec, Origin::Api)?;
        app.host_classes = seen;
        if self.other_owner(&app.name, &app.secrets.token.current).is_some() {
            return Err(invalid("token", "is another app's token; each app needs its own"));
        }
        // They are in the answer.
        let app = App { unseen: Unseen::default(), ..app };
        let entry = self.keep_app(app, SecretSet::default()).await?;
        Ok((entry, made))
    }

    pub(super) fn new_app(&self, spec: AppSpec, origin: Origin) -> Result<(App, MadeSecrets), ChangeError> {
        check_url("receiver_url", spec.receiver_url.as_deref(), Target::parse)?;
        check_url("url", spec.url.as_deref(), Target::parse_base)?;
        check_url("miniapp_url", spec.miniapp_url.as_deref(), Target::parse_page)?;
        check_prefix(&spec.token_prefix)?;
        spec.ca_file.as_deref().map(check_ca_file).transpose()?;
        let entropy = &*self.parts.entropy;
        let unseen = Unseen {
            // An installed app's token is that of its run.
            token: spec.token.is_none() && origin != Origin::Package,
            secret_key: spec.secret_key.is_none(),
            signing_secret: spec.signing_secret.is_none(),
        };
        let token = spec.token.unwrap_or_else(|| Secret::make(TOKEN_MARK, entropy));
        let secret_key = spec.secret_key.unwrap_or_else(|| Secret::make(KEY_MARK, entropy));
        let signing_secret = spec.signing_secret.unwrap_or_else(|| signature::make(entropy));
        check_secrets(&token, &secret_key, &signing_secret)?;
        let made = MadeSecrets {
            token: Some(token.clone()),
            secret_key: Some(secret_key.clone()),
            signing_secret: Some(signing_secret.clone()),
        };
        let created_at = self.parts.clock.now();
        let generation = self.parts.ids.next(created_at);
        let app = App {
            name: spec.name,
            secrets: AppSecrets {
                token: Rotating::new(token),
                secret_key: Rotating::new(secret_key),
                signing_secret: Rotating::new(signing_secret),
            },
            unseen,
            token_prefix: spec.token_prefix,
            receiver_url: spec.receiver_url,
            receiver_enabled: spec.receiver_enabled,
            receiver_auth: spec.receiver_auth,
            url: spec.url,
            host_classes: BTreeMap::new(),
            ca_file: spec.ca_file,
            miniapp_url: spec.miniapp_url,
            private: spec.private,
            package: None,
            origin,
            enabled: true,
            created_at,
            generation,
            proof_epoch: generation,
        };
        Ok((app, made))
    }

    /// The app, other than `name`, that `token` proves.
    fn other_owner(&self, name: &AppName, token: &Secret) -> Option<AppName> {
        let directory = self.directory.load();
        directory.owner(token, self.parts.clock.now()).filter(|owner| *owner != name).cloned()
    }

    /// Readies an app to be switched on again: meanwhile its token may have become another's.
    fn reclaim_token(&self, app: &mut App) -> Result<(), ChangeError> {
        if let Some(owner) = self.other_owner(&app.name, &app.secrets.token.current) {
            let why = format!("its token is that of the app `{owner}` by now; rotate it first");
            return Err(invalid("enabled", why));
        }
        let token = &mut app.secrets.token;
        token.previous = token.previous.take().filter(|p| self.other_owner(&app.name, &p.secret).is_none());
        Ok(())
    }

    /// Keeps an app and shows it to readers.
    pub(super) async fn keep_app(&self, app: App, files: SecretSet) -> Result<Arc<AppEntry>, ChangeError> {
        self.parts.store.put_app(app.clone()).await?;
        let name = app.name.clone();
        let mut directory = Directory::clone(&self.directory.load());
        directory.put_app(self.entry(app, Some(files)));
        self.publish_directory(directory, Some(&name));
        self.directory.load().app(name.as_str()).cloned().ok_or(ChangeError::NotFound("app"))
    }

    /// The app of this name.
    pub(crate) fn app(&self, name: &AppName) -> Result<Arc<AppEntry>, ChangeError> {
        self.directory.load().app(name.as_str()).cloned().ok_or(ChangeError::NotFound("app"))
    }

    /// Changes an app of the API's.
    pub(crate) async fn change_app(
        &self,
        name: &AppName,
        change: AppChange,
    ) -> Result<Arc<AppEntry>, ChangeError> {
        // Before the turn is taken: DNS may take its time.
        let written = [&change.url, &change.receiver_url].into_iter().flatten().flatten();
        let seen = self.look(name.as_str(), written).await;
        let _turn = self.changing.lock().await;
        let entry = self.app(name)?;
        if entry.app.origin != Origin::Package || change.url.is_some() || change.private.is_some() {
            of_the_api(entry.app.origin, || format!("the app `{name}`"))?;
        }
        let mut app = entry.app.clone();
        if let Some(prefix) = change.token_prefix {
            check_prefix(&prefix)?;
            app.token_prefix = prefix;
        }
        if let Some(url) = change.receiver_url {
            check_url("receiver_url", url.as_deref(), Target::parse)?;
            app.receiver_url = url;
        }
        if let Some(url) = change.url {
            check_url("url", url.as_deref(), Target::parse_base)?;
            app.url = url;
        }
        let before = entry.app.host_classes.clone();
        app.host_classes = hosts(&app).filter_map(|host| Some((host.clone(), *before.get(&host)?))).collect();
        app.host_classes.extend(seen);
        if let Some(file) = change.ca_file {
            file.as_deref().map(check_ca_file).transpose()?;
            entry.state.forget_roots();
            app.ca_file = file;
        }
        if let Some(url) = change.miniapp_url {
            check_url("miniapp_url", url.as_deref(), Target::parse_page)?;
            app.miniapp_url = url;
        }
        app.receiver_enabled = change.receiver_enabled.unwrap_or(app.receiver_enabled);
        app.receiver_auth = change.receiver_auth.unwrap_or(app.receiver_auth);
        app.private = change.private.unwrap_or(app.private);
        app.enabled = change.enabled.unwrap_or(app.enabled);
        if app.enabled && !entry.app.enabled {
            self.reclaim_token(&mut app)?;
        }
        if !app.enabled && entry.app.enabled {
            app.proof_epoch = self.parts.ids.next(self.parts.clock.now());
        }
        self.keep_app(app, entry.file_secrets).await
    }

    /// Gives the secrets that were made here and shown to nobody; they are shown this once.
    pub(crate) async fn show_secrets(&self, name: &AppName) -> Result<MadeSecrets, ChangeError> {
        let _turn = self.changing.lock().await;
        let entry = self.app(name)?;
        let mut app = entry.app.clone();
        let unseen = std::mem::take(&mut app.unseen);
        if unseen == Unseen::default() {
            return Err(ChangeError::Seen(name.clone()));
        }
        let secrets = app.secrets.clone();
        let shown = |unseen: bool, secret: Rotating| unseen.then_some(secret.current);
        let made = MadeSecrets {
            token: shown(unseen.token, secrets.token),
            secret_key: shown(unseen.secret_key, secrets.secret_key),
            signing_secret: shown(unseen.signing_secret, secrets.signing_secret),
        };
        self.keep_app(app, entry.file_secrets).await?;
        Ok(made)
    }

    /// Ends the time in which replaced secrets still count.
    pub(crate) async fn end_overlap(&self, name: &AppName) -> Result<Arc<AppEntry>, ChangeError> {
        let _turn = self.changing.lock().await;
        let entry = self.app(name)?;
        let mut app = entry.app.clone();
        let AppSecrets { token, secret_key, signing_secret } = &mut app.secrets;
        for secret in [token, secret_key, signing_secret] {
            secret.previous = None;
        }
        // What pages proved with a secret that no longer counts ends with it.
        app.proof_epoch = self.parts.ids.next(self.parts.clock.now());
        self.keep_app(app, entry.file_secrets).await
    }

    /// Replaces secrets; the old ones count for another 24 hours, or no longer. The new ones are shown this once.
    pub(crate) async fn rotate(
        &self,
        name: &AppName,
        which: Rotation,
        overlap: Overlap,
    ) -> Result<MadeSecrets, ChangeError> {
        let _turn = self.changing.lock().await;
        let entry = self.app(name)?;
        let file = entry.file_secrets;
        let which = pick(which, file, name)?;
        // An installed app's token is that of its run, and changes with it.
        let which = SecretSet { token: which.token && entry.app.package.is_none(), ..which };
        let mut app = entry.app.clone();
        let until = self.parts.clock.now().plus(OVERLAP);
        let replace = |rotating: &mut Rotating, next: Secret| {
            *rotating = match overlap {
                Overlap::Day => rotating.clone().rotated(next.clone(), until),
                Overlap::None => Rotating::new(next.clone()),
            };
            next
        };
        if overlap == Overlap::None {
            // What pages proved with a secret that no longer counts ends with it.
            app.proof_epoch = self.parts.ids.next(self.parts.clock.now());
        }
        app.unseen = Unseen {
            token: app.unseen.token && !which.token,
            secret_key: app.unseen.secret_key && !which.secret_key,
            signing_secret: app.unseen.signing_secret && !which.signing_secret,
        };
        let entropy = &*self.parts.entropy;
        let secrets = &mut app.secrets;
        let made = MadeSecrets {
            token: which.token.then(|| replace(&mut secrets.token, Secret::make(TOKEN_MARK, entropy))),
            secret_key: which
                .secret_key
                .then(|| replace(&mut secrets.secret_key, Secret::make(KEY_MARK, entropy))),
            signing_secret: which
                .signing_secret
                .then(|| replace(&mut secrets.signing_secret, signature::make(entropy))),
        };
        self.keep_app(app, file).await?;
        Ok(made)
    }

    /// Notes that an app has used its new secret: outbound calls carry that one from now on.
    pub(crate) async fn note_first_use(&self, name: &AppName, kind: SecretKind) -> Result<(), ChangeError> {
        let _turn = self.changing.lock().await;
        let entry = self.app(name)?;
        let mut app = entry.app.clone();
        let rotating = match kind {
            SecretKind::Token => &mut app.secrets.token,
            SecretKind::SecretKey => &mut app.secrets.secret_key,
        };
        match &mut rotating.previous {
            Some(previous) if !previous.superseded => previous.superseded = true,
            _ => return Ok(()),
        }
        self.keep_app(app, entry.file_secrets).await.map(drop)
    }

    /// Removes an app of the API's with its hooks and links.
    pub(crate) async fn remove_app(&self, name: &AppName) -> Result<(), ChangeError> {
        let _turn = self.changing.lock().await;
        of_the_api(self.app(name)?.app.origin, || format!("the app `{name}`"))?;
        self.drop_app(name).await
    }

    /// Removes an installed app with its hooks and links.
    pub(crate) async fn remove_installed(&self, name: &AppName) -> Result<(), ChangeError> {
        let _turn = self.changing.lock().await;
        self.drop_app(name).await
    }

    /// Removes what is left of an app that was removed; one of its name that was made since is another.
    pub(crate) async fn forget_removed(&self, name: &AppName) -> Result<(), ChangeError> {
        let _turn = self.changing.lock().await;
        if self.app(name).is_ok() { Ok(()) } else { self.drop_app(name).await }
    }

    async fn drop_app(&self, name: &AppName) -> Result<(), ChangeError> {
        self.parts.store.delete_app(name.clone(), "app deleted").await?;
        let hooks: Vec<_> = self.index.load().of(name).map(|entry| entry.hook.id).collect();
        self.publish_index(|index, _| hooks.iter().for_each(|id| index.remove(*id)));
        let mut directory = Directory::clone(&self.directory.load());
        directory.remove_app(name);
        self.publish_directory(directory, None);
        self.forget_state(name);
        self.parts.lanes.stir(hooks);
        self.parts.live.look(name);
        Ok(())
    }

    /// Makes a link.
    pub(crate) async fn add_link(&self, spec: LinkSpec) -> Result<Link, ChangeError> {
        let _turn = self.changing.lock().await;
        let directory = self.directory.load_full();
        for (member, name) in [("host", &spec.host), ("miniapp", &spec.miniapp)] {
            if directory.app(name.as_str()).is_none() {
                return Err(invalid(member, format!("there is no app `{name}`")));
            }
        }
        if spec.host == spec.miniapp {
            return Err(invalid("miniapp", "an app is not linked to itself"));
        }
        if directory.link(&spec.host, &spec.miniapp).is_some() {
            let text = format!("the link of `{}` and `{}` exists already", spec.host, spec.miniapp);
            return Err(ChangeError::Exists(text));
        }
        self.keep_link(spec, Origin::Api).await
    }

    pub(super) async fn keep_link(&self, spec: LinkSpec, origin: Origin) -> Result<Link, ChangeError> {
        let link = self.new_link(spec, origin);
        self.parts.store.put_link(link.clone()).await?;
        let mut directory = Directory::clone(&self.directory.load());
        directory.put_link(link.clone());
        self.publish_directory(directory, None);
        Ok(link)
    }

    pub(super) fn new_link(&self, spec: LinkSpec, origin: Origin) -> Link {
        let known = self.directory.load().link(&spec.host, &spec.miniapp).map(|link| link.created_at);
        let created_at = known.unwrap_or_else(|| self.parts.clock.now());
        let directory = self.directory.load();
        let (host, miniapp) = (directory.as_registered(spec.host), directory.as_registered(spec.miniapp));
        Link { host, miniapp, enabled: spec.enabled, origin, created_at }
    }

    /// The link between these two.
    pub(crate) fn link(&self, host: &AppName, miniapp: &AppName) -> Result<Link, ChangeError> {
        self.directory.load().link(host, miniapp).cloned().ok_or(ChangeError::NotFound("link"))
    }

    /// Switches a link of the API's on or off.
    pub(crate) async fn change_link(
        &self,
        host: &AppName,
        miniapp: &AppName,
        enabled: bool,
    ) -> Result<Link, ChangeError> {
        let _turn = self.changing.lock().await;
        let link = self.link(host, miniapp)?;
        of_the_api(link.origin, || format!("the link of `{host}` and `{miniapp}`"))?;
        self.keep_link(LinkSpec { host: link.host, miniapp: link.miniapp, enabled }, Origin::Api).await
    }

    /// Removes a link of the API's.
    pub(crate) async fn remove_link(&self, host: &AppName, miniapp: &AppName) -> Result<(), ChangeError> {
        let _turn = self.changing.lock().await;
        let link = self.link(host, miniapp)?;
        of_the_api(link.origin, || format!("the link of `{host}` and `{miniapp}`"))?;
        self.drop_link(&link).await
    }

    pub(super) async fn drop_link(&self, link: &Link) -> Result<(), ChangeError> {
        self.parts.store.delete_link(link.host.clone(), link.miniapp.clone()).await?;
        let mut directory = Directory::clone(&self.directory.load());
        directory.remove_link(&link.host, &link.miniapp);
        self.publish_directory(directory, None);
        Ok(())
    }
}

/// Refuses to change what the file gives.
pub(super) fn of_the_api(origin: Origin, what: impl FnOnce() -> String) -> Result<(), ChangeError> {
    match origin {
        Origin::Api => Ok(()),
        Origin::Package => Err(ChangeError::ManagedByPackage(what())),
        Origin::File => Err(ChangeError::ManagedByFile(what())),
    }
}

/// The secrets to rotate, none of which the file gives.
fn pick(which: Rotation, file: SecretSet, app: &AppName) -> Result<SecretSet, ChangeError> {
    let free =
        SecretSet { token: !file.token, secret_key: !file.secret_key, signing_secret: !file.signing_secret };
    let managed = |what: &str| Err(ChangeError::ManagedByFile(format!("{what} of the app `{app}`")));
    match which {
        Rotation::Ours if free == SecretSet::default() => managed("each secret"),
        Rotation::Ours => Ok(free),
        Rotation::These(these) if these.token && file.token => managed("the token"),
        Rotation::These(these) if these.secret_key && file.secret_key => managed("the secret_key"),
        Rotation::These(these) if these.signing_secret && file.signing_secret => {
            managed("the signing_secret")
        }
        Rotation::These(these) => Ok(these),
    }
}

fn invalid(member: &'static str, why: impl Into<String>) -> ChangeError {
    ChangeError::Invalid { member, why: why.into() }
}

fn check_secrets(token: &Secret, secret_key: &Secret, signing_secret: &Secret) -> Result<(), ChangeError> {
    for (member, secret) in [("token", token), ("secret_key", secret_key)] {
        let text = secret.expose();
        if !(1..=512).contains(&text.len()) || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(invalid(member, "must be 1 to 512 visible ASCII characters"));
        }
    }
    Signer::new(signing_secret).map(drop).map_err(|error| invalid("signing_secret", error.to_string()))
}

fn check_url(
    member: &'static str,
    url: Option<&str>,
    rule: fn(&str) -> Result<Target, TargetError>,
) -> Result<(), ChangeError> {
    let advice = |error: TargetError| format!("{error}; write one such as \"https://app.example/events\"");
    url.map(rule).transpose().map(drop).map_err(|error| invalid(member, advice(error)))
}

fn check_prefix(prefix: &str) -> Result<(), ChangeError> {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if prefix.is_empty() || prefix.len() > 64 || !prefix.bytes().all(token) {
        return Err(invalid("token_prefix", "must be one word such as `Token`"));
    }
    Ok(())
}
