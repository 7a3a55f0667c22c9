//! The reports of tasks to the scheduler.

use super::attempt_result::AttemptResult;
use crate::registry::HookEntry;
use footbridge_journal::{Claim, JournalError, PendingDelivery};
use footbridge_model::event::Event;
use footbridge_model::id::HookId;
use footbridge_model::name::AppName;
use std::sync::Arc;

/// An attempt in flight.
#[derive(Debug, Clone)]
pub(super) struct InFlightAttempt {
    pub(super) delivery: PendingDelivery,
    pub(super) hook: Arc<HookEntry>,
    /// The claim under which the attempt was started. Its result is written under the same one.
    pub(super) claim: Claim,
    /// The event, once it was read.
    pub(super) event: Option<Arc<Event>>,
}

/// A question to the journal for the due deliveries of a hook.
#[derive(Debug, Clone, Copy)]
pub(super) struct RefillRequest {
    pub(super) hook: HookId,
    pub(super) ordered: bool,
    /// The most deliveries that the journal may return.
    pub(super) requested: u32,
    /// How many overdue writes had ended when the journal was asked.
    pub(super) overdue_ended: u64,
}

/// A report of a task to the scheduler.
#[derive(Debug)]
pub(super) enum TaskReport {
    /// An attempt has ended.
    AttemptEnded(InFlightAttempt, AttemptResult),
    /// An attempt still waits for an optional answer, but its lane goes on.
    AnswerWaitOver(InFlightAttempt),
    /// An attempt that bypassed its lane has ended.
    BypassEnded(InFlightAttempt, AttemptResult),
    /// Results of these lanes are written; a lane is named once for each result.
    ResultsWritten(Vec<HookId>),
    /// The start of an app has succeeded or failed.
    AppStarted(AppName),
    /// The journal has answered a refill.
    Refilled(RefillRequest, Result<Vec<PendingDelivery>, JournalError>),
    /// A hook whose receiver answered 410 was switched off; `done` is false if that failed.
    HookSwitchedOff { hook: HookId, done: bool },
}
