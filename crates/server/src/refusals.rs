//! What the log says of credentials that were refused: a line each, bounded for each address, and every minute how
//! many there were.

use footbridge_engine::LogLimit;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use tokio::time::Instant;

/// Credentials that were refused lately.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    addresses: LogLimit<(IpAddr, &'static str)>,
    /// How many there had been in all when they were last summed up.
    summed: Mutex<u64>,
}

impl Refusals {
    /// A request from `address` was answered 401; `given` says whether it had a credential at all.
    pub(crate) fn note(&self, address: IpAddr, surface: &'static str, given: bool) {
        if self.addresses.admits(&(address, surface), Instant::now()) {
            let credential = if given { "wrong" } else { "missing" };
            tracing::info!(%address, surface, credential, "a credential was refused");
        }
    }

    /// Says how many were refused since this was last called, if any; `total` is how many there were ever.
    pub(crate) fn sum_up(&self, total: u64) {
        for ((address, surface), count) in self.addresses.left_out(Instant::now()) {
            tracing::info!(%address, surface, count, "more credentials from this address were refused");
        }
        let mut summed = self.summed.lock().unwrap_or_else(PoisonError::into_inner);
        let new = total.saturating_sub(*summed);
        *summed = total;
        if new > 0 {
            tracing::info!(count = new, "credentials were missing or wrong in the last minute");
        }
    }
}
