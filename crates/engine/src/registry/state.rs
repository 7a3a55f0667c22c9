//! The registry itself: its snapshots, and the part of an app that outlives its changes.

use super::directory::Directory;
use super::index::HookIndex;
use crate::lanes::Lanes;
use crate::life::Life;
use crate::live::Live;
use crate::rate::Bucket;
use crate::recipient::{Breaker, Permits};
use arc_swap::ArcSwap;
use footbridge_courier::{CourierShared, Roots};
use footbridge_journal::{JournalError, RegistrySnapshot};
use footbridge_model::id::IdSource;
use footbridge_model::name::AppName;
use footbridge_model::time::{Clock, Entropy};
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// What an app has under way; survives every change of the app.
#[derive(Debug, Default)]
pub(crate) struct AppState {
    /// What it may still publish.
    pub(crate) bucket: Bucket,
    /// What all of its pages together may still publish.
    pub(crate) pages: Bucket,
    /// How many exchanges its receiver has to answer at once.
    pub(crate) permits: Permits,
    /// Whether its receiver can be reached.
    pub(crate) breaker: Breaker,
    /// Where it stands, when it is installed.
    pub(crate) life: Life,
    /// Its file of authorities as it was read.
    roots: Mutex<Option<Arc<Roots>>>,
}

impl AppState {
    /// The authorities in this file, read at the first ask; `None` when it cannot be read by now.
    pub(crate) fn roots(&self, path: &str) -> Option<Arc<Roots>> {
        let mut kept = self.roots.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.as_ref().is_none_or(|roots| roots.path() != Path::new(path)) {
            let read = Roots::read(Path::new(path));
            *kept = read
                .inspect_err(|error| tracing::warn!(%error, "a ca_file is not trusted"))
                .ok()
                .map(Arc::new);
        }
        kept.clone()
    }

    /// The file is to be read anew.
    pub(crate) fn forget_roots(&self) {
        *self.roots.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// What the registry is built from.
pub(crate) struct Parts {
    pub(crate) store: Arc<dyn footbridge_journal::RegistryStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) ids: Arc<IdSource>,
    pub(crate) lanes: Lanes,
    pub(crate) live: Arc<Live>,
    pub(crate) courier: Arc<CourierShared>,
    pub(crate) hooks_per_app: usize,
    /// The configuration file that was applied last.
    pub(crate) config_file: Option<String>,
}

/// Apps, links and hooks in memory, and the one way to change them.
pub(crate) struct Registry {
    pub(crate) directory: ArcSwap<Directory>,
    pub(crate) index: ArcSwap<HookIndex>,
    pub(super) parts: Parts,
    /// Changes come one after another; readers never take this.
    pub(super) changing: tokio::sync::Mutex<()>,
    states: Mutex<HashMap<AppName, Arc<AppState>>>,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").finish_non_exhaustive()
    }
}

impl Registry {
    /// The registry that `kept` describes.
    pub(crate) fn new(parts: Parts, kept: RegistrySnapshot) -> Result<Self, ChangeError> {
        let registry = Self {
            directory: ArcSwap::default(),
            index: ArcSwap::default(),
            parts,
            changing: tokio::sync::Mutex::default(),
            states: Mutex::default(),
        };
        let mut directory = Directory::with_server(registry.server_entry()?);
        for app in kept.apps {
            directory.put_app(registry.entry(app, None));
        }
        for link in kept.links {
            directory.put_link(link);
        }
        registry.index.store(Arc::new(HookIndex::build(kept.hooks, &directory)));
        registry.directory.store(Arc::new(directory));
        Ok(registry)
    }

    /// The state of an app, made at the first ask.
    pub(super) fn state(&self, name: &AppName) -> Arc<AppState> {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(states.entry(name.clone()).or_default())
    }

    pub(super) fn forget_state(&self, name: &AppName) {
        self.states.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    /// Lets readers see where an installed app stands by now: its token and where its hooks lead.
    pub(crate) async fn refresh(&self, name: &AppName) {
        let _turn = self.changing.lock().await;
        let Some(entry) = self.directory.load().app(name.as_str()).cloned() else { return };
        let mut directory = Directory::clone(&self.directory.load());
        directory.put_app(self.entry(entry.app.clone(), Some(entry.file_secrets)));
        self.publish_directory(directory, Some(name));
    }

    /// Lets the lanes of an app look anew.
    pub(crate) fn stir(&self, name: &AppName) {
        let hooks: Vec<_> = self.index.load().of(name).map(|entry| entry.hook.id).collect();
        self.parts.lanes.stir(hooks);
    }

    /// Puts a changed directory in place and lets the hooks of `app` follow it.
    pub(super) fn publish_directory(&self, directory: Directory, app: Option<&AppName>) {
        let directory = Arc::new(directory);
        self.directory.store(Arc::clone(&directory));
        if let Some(app) = app {
            let mut index = HookIndex::clone(&self.index.load());
            index.refresh(app, &directory);
            let stirred: Vec<_> = index.of(app).map(|entry| entry.hook.id).collect();
            self.index.store(Arc::new(index));
            self.parts.lanes.stir(stirred);
            self.parts.live.look(app);
        }
    }

    /// Puts a changed index in place.
    pub(super) fn publish_index(&self, change: impl FnOnce(&mut HookIndex, &Directory)) {
        let mut index = HookIndex::clone(&self.index.load());
        change(&mut index, &self.directory.load());
        self.index.store(Arc::new(index));
    }
}

/// Why a change was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// There is one already.
    #[error("{0}")]
    Exists(String),
    /// There is none.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// The configuration file gives it.
    #[error("{0} is given by the configuration file: change it there and restart")]
    ManagedByFile(String),
    /// A `package.json` gives it.
    #[error("{0} is given by its package: install it again with `replace`, or uninstall it")]
    ManagedByPackage(String),
    /// There is no secret to show.
    #[error(
        "every secret of the app `{0}` was shown before, or is given by the configuration file; secrets are kept sealed \
         and shown once: make new ones with `footbridge app secret {0} --rotate` (POST /api/v1/apps/{0}/rotate)"
    )]
    Seen(AppName),
    /// What the file gave would be switched off by a start that names no file.
    #[error(
        "this start names no configuration file, and without one {what} would be switched off: start with `--config {}` or set FOOTBRIDGE_CONFIG, or with `--without-config` if that is meant",
        .file.as_deref().unwrap_or("FILE")
    )]
    FileLeftOut {
        /// Some of it, in words.
        what: String,
        /// The file that was applied last, when that is known.
        file: Option<String>,
    },
    /// It breaks a rule.
    #[error("`{member}`: {why}")]
    Invalid {
        /// Which member.
        member: &'static str,
        /// What is wrong and how to mend it.
        why: String,
    },
    /// The app has as many hooks as it may.
    #[error("the app has {0} hooks already, which is the limit ([limits] hooks_per_app)")]
    TooManyHooks(usize),
    /// The journal did not keep it.
    #[error(transparent)]
    Journal(#[from] JournalError),
}
