//! The time that a session lasts.

use footbridge_model::people::ConsoleSession;
use footbridge_model::time::Millis;
use std::time::Duration;

/// The longest time between two requests of a session.
pub const SESSION_IDLE: Duration = Duration::from_mins(30);
/// The longest time that a session lasts.
pub const SESSION_MAX: Duration = Duration::from_hours(12);

/// Returns true if a session is neither too old nor idle for too long.
pub(super) fn is_live(session: &ConsoleSession, now: Millis) -> bool {
    now < session.made_at.plus(SESSION_MAX) && now < session.seen_at.plus(SESSION_IDLE)
}
