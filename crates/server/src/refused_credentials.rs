//! Logs refused credentials: one line each, limited per address, and a total every minute.

use footbridge_engine::LogLimit;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use tokio::time::Instant;

/// Refused credentials of the last minutes.
#[derive(Debug, Default)]
pub(crate) struct RefusedCredentials {
    addresses: LogLimit<(IpAddr, &'static str)>,
    /// The total when it was last logged.
    logged: Mutex<u64>,
}

impl RefusedCredentials {
    /// Logs that a request from `address` was answered 401. `given` is false if it had no credential.
    pub(crate) fn note(&self, address: IpAddr, surface: &'static str, given: bool) {
        if self.addresses.admits(&(address, surface), Instant::now()) {
            let credential = if given { "wrong" } else { "missing" };
            tracing::info!(%address, surface, credential, "a credential was refused");
        }
    }

    /// Logs how many were refused since the last call, if any. `total` counts all since the start.
    pub(crate) fn log_total(&self, total: u64) {
        for ((address, surface), count) in self.addresses.take_suppressed(Instant::now()) {
            tracing::info!(%address, surface, count, "more credentials from this address were refused");
        }
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        let new = total.saturating_sub(*logged);
        *logged = total;
        if new > 0 {
            tracing::info!(count = new, "credentials were missing or wrong in the last minute");
        }
    }
}
