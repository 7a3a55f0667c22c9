//! Log lines about failed attempts, dead deliveries and failed exchanges. Their number is limited. They hold no payload, and
//! only the host of a URL.

use crate::log_limit::LogLimit;
use crate::registry::HookEntry;
use footbridge_journal::PendingDelivery;
use footbridge_model::attempt::{Failure, FailureKind};
use footbridge_model::delivery::{Next, Outcome};
use footbridge_model::exchange::{ExchangeFailure, ExchangeHead};
use footbridge_model::id::HookId;
use footbridge_model::name::AppName;
use tokio::time::Instant;

/// The longest reason in a line, in characters.
const MAX_REASON: usize = 200;

/// The subject of a line about a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Attempt,
    Dead,
}

/// Writes the lines and counts them.
#[derive(Debug, Default)]
pub(crate) struct FailureLog {
    deliveries: LogLimit<(HookId, Kind)>,
    /// Lines about exchanges, by sender.
    exchanges: LogLimit<AppName>,
}

impl FailureLog {
    /// Logs a failed attempt and the decision about its delivery.
    pub(crate) fn attempt(
        &self,
        hook: &HookEntry,
        due: &PendingDelivery,
        n: u32,
        outcome: &Outcome,
        next: &Next,
    ) {
        let kind = match next {
            Next::Delivered | Next::Unanswered => return,
            Next::Retry(_) => Kind::Attempt,
            Next::Dead(_) | Next::Gone => Kind::Dead,
        };
        let id = hook.hook.id;
        if !self.deliveries.admits(&(id, kind), Instant::now()) {
            return;
        }
        let (app, delivery, event, host) = (&hook.hook.app, due.id, due.event_id, hook.host());
        let (status, reason) = (outcome.status(), reason(outcome));
        match next {
            Next::Delivered | Next::Unanswered => {}
            Next::Retry(at) => tracing::info!(
                %app, hook = %id, %event, %delivery, attempt = n, host, status, reason, next_attempt_at = %at,
                "an attempt failed"
            ),
            Next::Dead(_) => tracing::info!(
                %app, hook = %id, %event, %delivery, attempt = n, host, status, reason, "a delivery is dead"
            ),
            Next::Gone => tracing::info!(
                %app, hook = %id, %event, %delivery, attempt = n, host, status,
                "a delivery is dead: its receiver answered 410, so its hook is switched off"
            ),
        }
    }

    /// Logs a failed exchange.
    pub(crate) fn exchange(&self, head: &ExchangeHead, host: Option<&str>, failure: &ExchangeFailure) {
        if !self.exchanges.admits(&head.sender, Instant::now()) {
            return;
        }
        tracing::info!(
            exchange = %head.id, sender = %head.sender, recipient = %head.recipient, event = ?head.event_type, host,
            kind = failure.kind.as_str(), reason = failure.message, "an exchange failed"
        );
    }

    /// Logs the number of suppressed lines in the windows that have ended.
    pub(crate) fn sum_up(&self) {
        let now = Instant::now();
        for ((hook, kind), count) in self.deliveries.take_suppressed(now) {
            match kind {
                Kind::Attempt => tracing::info!(%hook, count, "more attempts of this hook failed"),
                Kind::Dead => tracing::info!(%hook, count, "more deliveries of this hook are dead"),
            }
        }
        for (sender, count) in self.exchanges.take_suppressed(now) {
            tracing::info!(%sender, count, "more exchanges of this sender failed");
        }
    }
}

/// The reason for the log. It leaves out text that a function or an app wrote, which may hold private data.
fn reason(outcome: &Outcome) -> String {
    let text = match outcome {
        Outcome::Failed(Failure { kind: FailureKind::Function, .. }) => {
            "the function failed; the delivery has the error".to_owned()
        }
        Outcome::Failed(Failure { kind: FailureKind::NotStarted, .. }) => {
            "the app did not start; the delivery has the reason".to_owned()
        }
        other => other.error().unwrap_or_default(),
    };
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_REASON).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_apps_is_not_logged() {
        let failed = |kind| Outcome::Failed(Failure::after(kind, "secret\nstack"));
        assert!(!reason(&failed(FailureKind::Function)).contains("secret"));
        assert!(!reason(&failed(FailureKind::NotStarted)).contains("secret"));
        assert_eq!(reason(&failed(FailureKind::Reset)), "reset: secret stack");
        assert_eq!(
            reason(&Outcome::Answered { status: 502, retry_after: None }),
            "the receiver answered 502"
        );
    }
}
