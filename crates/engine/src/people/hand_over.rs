//! Hands a sign-in over from the console to the origin of the apps' pages.

use super::codes::Code;
use super::error::PeopleError;
use super::store::People;
use footbridge_model::people::ConsoleSession;
use footbridge_model::secret::{Secret, digest};
use std::time::Duration;
use tokio::time::Instant;

/// How long a code is valid.
const VALID: Duration = Duration::from_mins(1);
/// The longest state of a browser, in bytes.
const STATE_MAX: usize = 128;

impl People {
    /// Makes a code that hands a session over to the apps' origin, once and within a minute. It is bound to the state of the
    /// browser that began there.
    ///
    /// # Errors
    /// [`PeopleError::Invalid`] for the session of the administrator, who is no user, and for a state that is none.
    pub fn hand_over(&self, session: &ConsoleSession, state: &str) -> Result<Secret, PeopleError> {
        let invalid = |why: &str| PeopleError::Invalid { member: "state", why: why.to_owned() };
        if session.user.is_none() {
            return Err(invalid(
                "is for users, and you are signed in as the administrator; sign in as a user",
            ));
        }
        if state.is_empty() || state.len() > STATE_MAX {
            return Err(invalid("must be the one in the address of this page; begin again at the app"));
        }
        let (code, now) = (Secret::make("", &*self.entropy), Instant::now());
        let (digest, until) = (code.digest(), now + VALID);
        self.codes.put(Code { digest, state: state.into(), session: session.digest, until }, now);
        Ok(code)
    }

    /// Uses a code up. Returns the digest of the session that it hands over; `None` if it is used, too old, or of another
    /// browser.
    pub fn take_over(&self, code: &str, state: &str) -> Option<[u8; 32]> {
        let code = self.codes.take(digest(code.as_bytes()), Instant::now())?;
        (*code.state == *state).then_some(code.session)
    }
}
