//! The monitor of installed apps: it cleans up after runs that have ended, stops idle apps, and follows the partitions of
//! this server.

use super::installed::Apps;
use footbridge_model::run::Exit;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// Watches the runs of installed apps; runs next to the dispatcher.
pub struct AppMonitor {
    pub(crate) apps: Arc<Apps>,
    pub(crate) exits: mpsc::Receiver<Exit>,
}

impl std::fmt::Debug for AppMonitor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AppMonitor").finish_non_exhaustive()
    }
}

impl AppMonitor {
    /// Runs until `drain` turns true.
    pub async fn run(mut self, mut drain: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                biased;
                _ = drain.wait_for(|draining| *draining) => return,
                Some(exit) = self.exits.recv() => {
                    let apps = Arc::clone(&self.apps);
                    tokio::spawn(async move { apps.handle_exit(exit).await });
                }
                () = self.apps.claims.changed() => self.apps.follow_partitions(),
                () = tokio::time::sleep(self.apps.idle_check_interval()) => self.apps.stop_idle().await,
            }
        }
    }
}
