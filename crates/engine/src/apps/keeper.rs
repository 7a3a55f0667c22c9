//! Watches over runs: what ended is put in order, what is idle is stopped.

use super::state::Apps;
use footbridge_model::run::Exit;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// The keeper of installed apps; runs beside the dispatcher.
pub struct Keeper {
    pub(crate) apps: Arc<Apps>,
    pub(crate) exits: mpsc::Receiver<Exit>,
}

impl std::fmt::Debug for Keeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keeper").finish_non_exhaustive()
    }
}

impl Keeper {
    /// Keeps watch until `drain` turns true.
    pub async fn run(mut self, mut drain: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                biased;
                _ = drain.wait_for(|draining| *draining) => return,
                Some(exit) = self.exits.recv() => {
                    let apps = Arc::clone(&self.apps);
                    tokio::spawn(async move { apps.ended(exit).await });
                }
                () = tokio::time::sleep(self.apps.idle_pace()) => self.apps.stop_idle().await,
            }
        }
    }
}
