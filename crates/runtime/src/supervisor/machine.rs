//! What every run is started with: decided once, when the runtime opens.

use super::ports::Ports;
use crate::cgroup::Cgroups;
use crate::environment::Environment;
use crate::output::Store;
use crate::record::Records;
use crate::user::Account;
use footbridge_model::run::Exit;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;

/// What every run is started with.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) program: PathBuf,
    pub(crate) account: Account,
    pub(crate) start_timeout: Duration,
    pub(crate) environment: Environment,
    /// The host's file, or why there is none.
    pub(crate) host: Result<PathBuf, String>,
    pub(crate) store: Store,
    pub(crate) records: Records,
    pub(crate) cgroups: Option<Cgroups>,
    pub(crate) exits: mpsc::Sender<Exit>,
    /// What operators should know, in words; runs add what they find.
    pub(crate) warnings: Arc<Mutex<BTreeSet<String>>>,
    pub(crate) ports: Ports,
}

impl Machine {
    pub(super) fn warn(&self, warning: String) {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).insert(warning);
    }
}
