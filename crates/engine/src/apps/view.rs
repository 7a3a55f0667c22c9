//! What is told of installed apps.

use crate::life::Run;
use crate::registry::{AppEntry, HookEntry};
use footbridge_model::name::AppName;
use footbridge_model::run::Running;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What an installation made.
#[derive(Debug, Clone)]
pub struct Installation {
    /// The app.
    pub entry: Arc<AppEntry>,
    /// Its hooks.
    pub hooks: Vec<Arc<HookEntry>>,
    /// Whether it was installed before.
    pub replaced: bool,
    /// What was left out or should be mended, in words.
    pub warnings: Vec<String>,
}

/// An installed app that runs: what Bolt calls a context.
#[derive(Debug, Clone)]
pub struct LiveApp {
    /// The app.
    pub entry: Arc<AppEntry>,
    /// Where it listens and as which process.
    pub running: Running,
}

/// A router that is mounted on this server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MountedRouter {
    /// Whose it is.
    pub app: AppName,
    /// Its name.
    pub name: String,
    /// Where it is mounted: begins with `/`, does not end with one.
    pub root: String,
    /// Which is asked first.
    pub order: i64,
}

/// A running app to speak to; it is not idle while this is held.
#[derive(Debug)]
pub struct Reach {
    /// Where it listens.
    pub address: SocketAddr,
    run: Option<Arc<Run>>,
    open: Arc<AtomicUsize>,
}

impl Reach {
    pub(crate) fn new(live: &LiveApp) -> Self {
        let life = &live.entry.state.life;
        life.open.fetch_add(1, Ordering::AcqRel);
        let run = life.run().filter(|run| run.running.run == live.running.run);
        Self { address: live.running.address, run, open: Arc::clone(&life.open) }
    }

    /// Whether the app has ended since, or is found to have in a moment.
    pub async fn ends(&self) -> bool {
        match &self.run {
            Some(run) => run.ends().await,
            None => true,
        }
    }
}

impl Drop for Reach {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::AcqRel);
    }
}
