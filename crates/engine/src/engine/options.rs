//! The ports and settings that an engine is built from.

use crate::launcher::Launcher;
use crate::proof_key::ProofKey;
use crate::rate::{Quota, Rate};
use crate::retention::RetentionPeriods;
use crate::system_event::SystemEventFormat;
use footbridge_courier::CourierShared;
use footbridge_journal::{NodeCard, Store};
use footbridge_model::retry::Schedule;
use footbridge_model::run::Exit;
use footbridge_model::time::{Clock, Entropy};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// The ports and settings that an engine is built from.
pub struct EngineOptions {
    /// The store of apps, links, hooks, events, deliveries and exchanges.
    pub store: Arc<dyn Store>,
    /// This server, as the others see it.
    pub node: NodeCard,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Randomness that is good enough for secrets.
    pub entropy: Arc<dyn Entropy>,
    /// The dialer, policy and limits that all outbound requests share.
    pub courier: Arc<CourierShared>,
    /// Starts and stops the processes of installed apps.
    pub launcher: Arc<dyn Launcher>,
    /// The ends of runs, as the launcher reports them.
    pub exits: mpsc::Receiver<Exit>,
    /// Writes the bodies of the events that the server publishes itself.
    pub system_events: Arc<dyn SystemEventFormat>,
    /// The URL at which apps reach this server; Bolt calls it `BOLT_ADDRESS`.
    pub public_url: String,
    /// The waits between the attempts of a delivery.
    pub schedule: Schedule,
    /// Signs tickets and page tokens. It must be the same at every start, and must have no other use.
    pub proof_key: ProofKey,
    /// Limits on time, size and number.
    pub limits: Limits,
}

impl std::fmt::Debug for EngineOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EngineOptions").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// The engine's limits on time, size and number.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The deadline of one delivery attempt.
    pub attempt: Duration,
    /// The deadline of one exchange.
    pub exchange: Duration,
    /// The largest answer to an exchange, in bytes.
    pub answer: usize,
    /// How long a hook's queue waits for an answer that the hook does not require.
    pub answer_wait: Duration,
    /// The largest body of an event that a function publishes, in bytes.
    pub event: usize,
    /// The publish rate of one app; `None` for no limit.
    pub publish_rate: Option<Rate>,
    /// The limits on the deliveries that an app's events cause.
    pub quota: Quota,
    /// The largest number of hooks of one app.
    pub hooks_per_app: usize,
    /// How long an installed app may be idle before it is stopped; `None` for no limit.
    pub idle: Option<Duration>,
    /// How long ended events and deliveries are stored; `None` for ever.
    pub keep: Option<Duration>,
    /// How long dead deliveries are stored; `None` for ever.
    pub keep_dead: Option<Duration>,
    /// How long the audit log is stored; `None` for ever.
    pub keep_audit: Option<Duration>,
    /// True to count traffic for statistics.
    pub statistics: bool,
}

impl From<&Limits> for RetentionPeriods {
    fn from(limits: &Limits) -> Self {
        Self { ended: limits.keep, dead: limits.keep_dead, audit: limits.keep_audit }
    }
}
