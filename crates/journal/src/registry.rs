//! The port that keeps apps, links and hooks. They are few and held in memory; this is their copy
//! that survives.

use crate::Wait;
use footbridge_model::app::{App, Link};
use footbridge_model::hook::Hook;
use footbridge_model::id::HookId;
use footbridge_model::name::AppName;
use footbridge_model::time::Millis;

/// All that is kept.
#[derive(Debug, Clone, Default)]
pub struct RegistrySnapshot {
    /// Every app, disabled ones too.
    pub apps: Vec<App>,
    /// Every link.
    pub links: Vec<Link>,
    /// Every hook that is not gone.
    pub hooks: Vec<Hook>,
    /// The configuration file that was applied last.
    pub config_file: Option<String>,
}

/// Apps, links and hooks that are kept together, each in place of what it replaces.
#[derive(Debug, Clone, Default)]
pub struct RegistryBatch {
    /// By name.
    pub apps: Vec<App>,
    /// By their two apps.
    pub links: Vec<Link>,
    /// By id.
    pub hooks: Vec<Hook>,
    /// The configuration file that was applied; `None` leaves what is kept.
    pub config_file: Option<String>,
}

impl RegistryBatch {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.apps.len() + self.links.len() + self.hooks.len() + usize::from(self.config_file.is_some())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Keeps apps, links and hooks. Secrets are sealed before they reach the disk.
pub trait RegistryStore: Send + Sync {
    /// All of them.
    fn load(&self) -> Wait<RegistrySnapshot>;

    /// Keeps an app, in place of one of the same name.
    fn put_app(&self, app: App) -> Wait<()>;

    /// Keeps apps, links and hooks in one transaction: all of them or none.
    fn put_batch(&self, batch: RegistryBatch) -> Wait<()>;

    /// Keeps an installed app with all its hooks, in place of what was installed before: `gone` are
    /// marked as gone, their pending deliveries become cancelled with `reason`. All of it or nothing.
    fn put_installed(&self, app: App, hooks: Vec<Hook>, gone: Vec<HookId>, reason: &'static str) -> Wait<()>;

    /// Forgets an app with its links, its hooks and the idempotency keys in its
    /// [`KeyScopes`](crate::KeyScopes), so that the next app of its name begins afresh; pending deliveries of
    /// those hooks become cancelled with `reason`.
    fn delete_app(&self, name: AppName, reason: &'static str) -> Wait<()>;

    /// Keeps a link, in place of one between the same two.
    fn put_link(&self, link: Link) -> Wait<()>;

    /// Forgets a link.
    fn delete_link(&self, host: AppName, miniapp: AppName) -> Wait<()>;

    /// Keeps a hook, in place of one with the same id.
    fn put_hook(&self, hook: Hook) -> Wait<()>;

    /// Persistent hooks of the configuration file that are gone and that deliveries still name, newest first.
    fn deleted_hooks(&self) -> Wait<Vec<Hook>>;

    /// Keeps hooks that were gone again, each in place of the one with its id. What was cancelled with `reason`
    /// when they went is pending again, due `now`, its schedule anew. All of it or nothing.
    fn restore_hooks(&self, hooks: Vec<Hook>, reason: &'static str, now: Millis) -> Wait<()>;

    /// Marks hooks as gone; their pending deliveries become cancelled with `reason`. What is known of
    /// a gone hook stays readable through its deliveries.
    fn delete_hooks(&self, hooks: Vec<HookId>, reason: &'static str) -> Wait<()>;
}
