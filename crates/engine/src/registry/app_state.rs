//! The part of an app's state that survives changes of the app.

use super::uses::UseCounters;
use crate::app_phase::Lifecycle;
use crate::rate::Bucket;
use crate::recipient::{CircuitBreaker, ExchangePermits};
use footbridge_courier::Roots;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// The state of one app; survives every change of the app's settings.
#[derive(Debug, Default)]
pub(crate) struct AppState {
    /// The publish rate of the app.
    pub(crate) bucket: Bucket,
    /// The publish rate of all pages of the app together.
    pub(crate) pages: Bucket,
    /// Limits the exchanges that its receiver handles at once.
    pub(crate) permits: ExchangePermits,
    /// Opens when its receiver cannot be reached.
    pub(crate) breaker: CircuitBreaker,
    /// Counts the uses of its credentials.
    pub(super) uses: UseCounters,
    /// The lifecycle of an installed app.
    pub(crate) lifecycle: Lifecycle,
    /// The contents of its `ca_file`.
    roots: Mutex<Option<Arc<Roots>>>,
}

impl AppState {
    /// The certificate authorities in the file `path`, which is read on first use. Returns `None` if the file cannot be
    /// read.
    pub(crate) fn roots(&self, path: &str) -> Option<Arc<Roots>> {
        let mut roots = self.roots.lock().unwrap_or_else(PoisonError::into_inner);
        if roots.as_ref().is_none_or(|roots| roots.path() != Path::new(path)) {
            let read = Roots::read(Path::new(path));
            *roots = read
                .inspect_err(|error| tracing::warn!(%error, "a ca_file is not trusted"))
                .ok()
                .map(Arc::new);
        }
        roots.clone()
    }

    /// Makes the next use of the `ca_file` read it again.
    pub(crate) fn forget_roots(&self) {
        *self.roots.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
