//! Settings that all runs share. They are determined once, when the runtime opens.

use super::ports::Ports;
use crate::cgroup::Cgroups;
use crate::environment::Environment;
use crate::output::OutputStore;
use crate::record::RunRecords;
use crate::user::Account;
use footbridge_model::run::Exit;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;

/// Settings and resources that all runs share.
#[derive(Debug)]
pub(crate) struct LaunchContext {
    pub(crate) program: PathBuf,
    pub(crate) account: Account,
    pub(crate) start_timeout: Duration,
    pub(crate) environment: Environment,
    /// Path of the Node host's main file, or the reason why there is none.
    pub(crate) host: Result<PathBuf, String>,
    pub(crate) store: OutputStore,
    pub(crate) records: RunRecords,
    pub(crate) cgroups: Option<Cgroups>,
    pub(crate) exits: mpsc::Sender<Exit>,
    /// Warnings for the operator. Runs add to them.
    pub(crate) warnings: Arc<Mutex<BTreeSet<String>>>,
    pub(crate) ports: Ports,
}

impl LaunchContext {
    pub(super) fn warn(&self, warning: String) {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).insert(warning);
    }
}
