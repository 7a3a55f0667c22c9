//! Readiness of the server, as probes see it.

use footbridge_engine::JournalHealth;
use serde::Serialize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use utoipa::ToSchema;

/// Readiness of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum HealthStatus {
    /// The server does not accept work yet.
    Starting,
    /// The server accepts work.
    Ready,
    /// The server runs but cannot accept work now, for the given reasons. It recovers by itself.
    Degraded,
    /// The server finishes what it has and accepts nothing new.
    Draining,
    /// The journal stopped after a failure. The server must be restarted.
    Stopped,
}

/// The answer to a probe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct HealthReport {
    /// Readiness of the server.
    pub status: HealthStatus,
    /// Version of the running program.
    pub version: &'static str,
    /// Problems that an operator should fix.
    pub warnings: Vec<String>,
    /// Why the server is not ready although it runs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
}

impl HealthReport {
    /// Adds the current state of the service to the report.
    #[must_use]
    pub fn under(mut self, state: JournalHealth) -> Self {
        if self.status == HealthStatus::Ready && !state.problems.is_empty() {
            self.status = HealthStatus::Degraded;
        }
        self.reasons = state.problems;
        self.warnings.extend(state.warnings);
        self
    }
}

/// The health of the server. It only moves forward: starting, ready, draining, stopped.
#[derive(Debug)]
pub struct Health(Mutex<HealthReport>);

impl Health {
    /// Creates the health of a server that starts.
    pub fn starting() -> Self {
        let version = env!("CARGO_PKG_VERSION");
        let (warnings, reasons) = (Vec::new(), Vec::new());
        Self(Mutex::new(HealthReport { status: HealthStatus::Starting, version, warnings, reasons }))
    }

    /// The server accepts work from now on. `warnings` name what the configuration asks for and the server cannot do.
    pub fn set_ready(&self, warnings: Vec<String>) {
        let mut report = self.lock();
        if report.status == HealthStatus::Starting {
            report.status = HealthStatus::Ready;
        }
        report.warnings = warnings;
    }

    /// The server accepts nothing new from now on.
    pub fn set_draining(&self) {
        let mut report = self.lock();
        if report.status != HealthStatus::Stopped {
            report.status = HealthStatus::Draining;
        }
    }

    /// The journal has stopped. The reason is logged and not shown to probes, which are public.
    pub fn set_stopped(&self, reason: &str) {
        tracing::error!(reason, "the journal has stopped; the server accepts nothing until it is restarted");
        self.lock().status = HealthStatus::Stopped;
    }

    /// Returns the current report.
    pub fn report(&self) -> HealthReport {
        self.lock().clone()
    }

    /// Returns true if the server accepts work.
    pub fn is_ready(&self) -> bool {
        self.lock().status == HealthStatus::Ready
    }

    fn lock(&self) -> MutexGuard<'_, HealthReport> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_only_moves_forward() {
        let health = Health::starting();
        assert!(!health.is_ready());
        health.set_ready(vec!["the hook leads nowhere".into()]);
        assert!(health.is_ready());
        health.set_draining();
        health.set_ready(Vec::new());
        assert_eq!(health.report().status, HealthStatus::Draining);
        health.set_stopped("disk");
        health.set_draining();
        assert_eq!(health.report().status, HealthStatus::Stopped);
    }
}
