//! Applying the configuration file at start: what it gives counts, what it leaves out stays, what it
//! no longer names is switched off.

use super::directory::Directory;
use super::spec::{AppSpec, FileSpec, HookSpec, LinkSpec, SecretSet};
use super::state::{ChangeError, Registry};
use footbridge_model::app::App;
use footbridge_model::hook::{Hook, Lifetime, Origin};
use footbridge_model::name::AppName;
use footbridge_model::secret::{Rotating, Secret};
use std::collections::BTreeSet;

impl Registry {
    /// Applies the file, giving warnings in words.
    pub(crate) async fn apply_file(&self, file: FileSpec) -> Result<Vec<String>, ChangeError> {
        let _turn = self.changing.lock().await;
        let mut warnings = Vec::new();
        let named: BTreeSet<AppName> = file.apps.iter().map(|app| app.name.clone()).collect();
        for spec in file.apps {
            self.apply_app(spec).await?;
        }
        self.switch_off_unnamed(&named).await?;
        self.apply_links(file.links).await?;
        self.apply_hooks(file.hooks, &mut warnings).await?;
        Ok(warnings)
    }

    async fn apply_app(&self, spec: AppSpec) -> Result<(), ChangeError> {
        let files = SecretSet {
            token: spec.token.is_some(),
            secret_key: spec.secret_key.is_some(),
            signing_secret: spec.signing_secret.is_some(),
        };
        let known = self.directory.load().app(spec.name.as_str()).cloned();
        let given = (spec.token.clone(), spec.secret_key.clone(), spec.signing_secret.clone());
        let (mut app, _) = self.new_app(spec, Origin::File)?;
        if let Some(known) = known {
            let kept = &known.app;
            app.created_at = kept.created_at;
            app.secrets.token = merge(&kept.secrets.token, given.0);
            app.secrets.secret_key = merge(&kept.secrets.secret_key, given.1);
            app.secrets.signing_secret = merge(&kept.secrets.signing_secret, given.2);
            if *kept == app {
                // Nothing to write; only the memory of what the file gives is new.
                let mut directory = Directory::clone(&self.directory.load());
                directory.put_app(self.entry(app, Some(files)));
                self.publish_directory(directory, None);
                return Ok(());
            }
        }
        self.keep_app(app, files).await.map(drop)
    }

    async fn switch_off_unnamed(&self, named: &BTreeSet<AppName>) -> Result<(), ChangeError> {
        let directory = self.directory.load_full();
        let left: Vec<App> = directory
            .apps()
            .filter(|entry| {
                entry.app.origin == Origin::File && !named.contains(&entry.app.name) && entry.app.enabled
            })
            .map(|entry| App { enabled: false, ..entry.app.clone() })
            .collect();
        for app in left {
            self.keep_app(app, SecretSet::default()).await?;
        }
        Ok(())
    }

    async fn apply_links(&self, links: Vec<LinkSpec>) -> Result<(), ChangeError> {
        let directory = self.directory.load_full();
        let named: BTreeSet<_> = links.iter().map(|link| (link.host.clone(), link.miniapp.clone())).collect();
        for link in directory.links() {
            if link.origin == Origin::File && !named.contains(&(link.host.clone(), link.miniapp.clone())) {
                self.drop_link(link).await?;
            }
        }
        for link in links {
            // One whose app is not there yet waits for it.
            self.keep_link(link, Origin::File).await?;
        }
        Ok(())
    }

    async fn apply_hooks(&self, hooks: Vec<HookSpec>, warnings: &mut Vec<String>) -> Result<(), ChangeError> {
        let index = self.index.load_full();
        let wanted = |hook: &Hook| {
            hooks.iter().any(|spec| {
                spec.app == hook.app
                    && spec.pattern == hook.pattern
                    && spec.route == hook.route
                    && spec.kind == hook.kind
            })
        };
        // Hooks of an app that the file no longer names stay with it, switched off like it.
        let named =
            |hook: &Hook| self.directory.load().app(hook.app.as_str()).is_some_and(|entry| entry.app.enabled);
        let vanished: Vec<_> = index
            .hooks()
            .map(|entry| &entry.hook)
            .filter(|hook| hook.origin == Origin::File && named(hook) && !wanted(hook))
            .map(|hook| hook.id)
            .collect();
        if !vanished.is_empty() {
            self.drop_hooks(vanished, "hook removed from the configuration file").await?;
        }
        for spec in hooks {
            if let Err(error) = self.check_hook(&spec) {
                // Its deliveries will say the same; the server starts all the same.
                warnings.push(format!("the hook `{}` of `{}`: {error}", spec.pattern, spec.app));
            }
            match self.file_hook(&spec) {
                Some(hook) if hook.options == spec.options => {}
                Some(hook) => drop(self.keep_hook(Hook { options: spec.options, ..hook }).await?),
                None => drop(self.keep_new_hook(spec, Lifetime::Persistent, Origin::File).await?),
            }
        }
        Ok(())
    }

    fn file_hook(&self, spec: &HookSpec) -> Option<Hook> {
        let index = self.index.load();
        let found = index.of(&spec.app).find(|entry| {
            let hook = &entry.hook;
            hook.origin == Origin::File
                && hook.pattern == spec.pattern
                && hook.route == spec.route
                && hook.kind == spec.kind
        });
        found.map(|entry| entry.hook.clone())
    }
}

fn merge(kept: &Rotating, given: Option<Secret>) -> Rotating {
    match given {
        Some(given) if kept.current != given => Rotating::new(given),
        _ => kept.clone(),
    }
}
