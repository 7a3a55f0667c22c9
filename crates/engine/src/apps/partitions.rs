//! Following the partitions of this server: an app runs where its partition is owned.

use super::installed::{Apps, lifecycle};
use crate::app_phase::Phase;
use std::sync::Arc;

impl Apps {
    /// Ends the runs of apps whose partitions this server has lost, and starts the apps with routers of the partitions
    /// that it has gained.
    pub(crate) fn follow_partitions(self: &Arc<Self>) {
        let directory = self.registry.directory.load_full();
        for entry in directory.apps().filter(|entry| entry.app.package.is_some()) {
            let phase = lifecycle(entry).phase();
            if self.check_runs_here(entry).is_ok() {
                if matches!(phase, Phase::Down) {
                    self.start_at_boot(entry);
                }
            } else if !matches!(phase, Phase::Down | Phase::Failed { .. }) {
                tracing::info!(app = %entry.app.name, "an app ends here: another server runs it from now on");
                // Without `app-stopping`: its delivery would be up to the other server.
                let (launcher, name) = (Arc::clone(&self.launcher), entry.app.name.clone());
                tokio::spawn(async move { launcher.stop(name).await });
            }
        }
    }
}
