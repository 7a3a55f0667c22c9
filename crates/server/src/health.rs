//! Whether the server takes work: what probes ask.

use footbridge_engine::JournalHealth;
use serde::Serialize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use utoipa::ToSchema;

/// Where the server stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum HealthStatus {
    /// Not yet taking work.
    Starting,
    /// Taking work.
    Ready,
    /// Running, but kept from its work by what the reasons say: it takes it up again by itself.
    Degraded,
    /// Ending what it has, taking nothing new.
    Draining,
    /// Its journal has stopped by itself; only a restart helps.
    Stopped,
}

/// What a probe is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct HealthReport {
    /// Where the server stands.
    pub status: HealthStatus,
    /// Which Footbridge this is.
    pub version: &'static str,
    /// What an operator should mend, in words.
    pub warnings: Vec<String>,
    /// Why the server is not ready although it runs, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
}

impl HealthReport {
    /// The same, given what keeps the server from its work at the moment.
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

/// Whether the server takes work. Only ever goes forward: starting, ready, draining, stopped.
#[derive(Debug)]
pub struct Health(Mutex<HealthReport>);

impl Health {
    /// A server that starts.
    pub fn starting() -> Self {
        let version = env!("CARGO_PKG_VERSION");
        let (warnings, reasons) = (Vec::new(), Vec::new());
        Self(Mutex::new(HealthReport { status: HealthStatus::Starting, version, warnings, reasons }))
    }

    /// It takes work from now on. `warnings` say what the configuration asks for that cannot be.
    pub fn set_ready(&self, warnings: Vec<String>) {
        let mut report = self.lock();
        if report.status == HealthStatus::Starting {
            report.status = HealthStatus::Ready;
        }
        report.warnings = warnings;
    }

    /// It takes nothing new from now on.
    pub fn set_draining(&self) {
        let mut report = self.lock();
        if report.status != HealthStatus::Stopped {
            report.status = HealthStatus::Draining;
        }
    }

    /// Its journal has stopped. The reason goes to the log: probes are open to everybody.
    pub fn set_stopped(&self, reason: &str) {
        tracing::error!(reason, "the journal has stopped; nothing more is accepted until a restart");
        self.lock().status = HealthStatus::Stopped;
    }

    /// What a probe is told now.
    pub fn report(&self) -> HealthReport {
        self.lock().clone()
    }

    /// Whether it takes work.
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
    fn only_forward() {
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
