//! The codes of hand-overs that were not used yet.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use tokio::time::Instant;

/// The most codes that wait at a time; the oldest gives way.
const MOST: usize = 1000;

/// A code that was not used yet. Only its digest is held.
pub(super) struct Code {
    pub(super) digest: [u8; 32],
    /// The state of the browser that began at the apps' origin.
    pub(super) state: Box<str>,
    /// The digest of the session that it hands over.
    pub(super) session: [u8; 32],
    pub(super) until: Instant,
}

/// The codes that were not used yet. They live for a minute, so they are not stored.
#[derive(Default)]
pub(super) struct Codes(Mutex<VecDeque<Code>>);

impl Codes {
    pub(super) fn put(&self, code: Code, now: Instant) {
        let mut codes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        codes.retain(|code| now < code.until);
        if codes.len() >= MOST {
            codes.pop_front();
        }
        codes.push_back(code);
    }

    /// Removes a code, and returns it if it was still valid.
    pub(super) fn take(&self, digest: [u8; 32], now: Instant) -> Option<Code> {
        let mut codes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = codes.iter().position(|code| code.digest == digest)?;
        codes.remove(place).filter(|code| now < code.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const VALID: Duration = Duration::from_mins(1);

    fn code(number: u8, until: Instant) -> Code {
        Code { digest: [number; 32], state: "s".into(), session: [0; 32], until }
    }

    #[tokio::test(start_paused = true)]
    async fn a_code_is_valid_once_and_for_a_minute() {
        let (codes, now) = (Codes::default(), Instant::now());
        codes.put(code(1, now + VALID), now);
        codes.put(code(2, now + VALID), now);
        assert!(codes.take([1; 32], now).is_some());
        assert!(codes.take([1; 32], now).is_none());
        assert!(codes.take([2; 32], now + VALID).is_none());
        assert!(codes.take([2; 32], now).is_none(), "a code that came too late is used up, too");
    }

    #[tokio::test(start_paused = true)]
    async fn the_number_of_codes_is_bounded() {
        let (codes, now) = (Codes::default(), Instant::now());
        codes.put(code(1, now + VALID), now);
        for _ in 0..MOST {
            codes.put(code(2, now + VALID), now);
        }
        assert!(codes.take([1; 32], now).is_none());
        codes.put(code(3, now + VALID * 3), now + VALID);
        assert_eq!(codes.0.lock().unwrap().len(), 1, "those that are too old are forgotten");
    }
}
