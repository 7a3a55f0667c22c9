//! The time at which an event was sent, carried in its body.

use std::time::Instant;

/// The member of an event's body with the time.
const MARK: &[u8] = b"\"t\":";
/// Added to every time so that all have the same number of digits and can replace each other.
const OFFSET: u128 = 1_000_000_000_000_000_000;
/// Number of digits of a time.
const DIGITS: usize = 19;

/// A clock with the same start for sender and receiver.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stamp(Instant);

impl Stamp {
    pub(crate) fn new() -> Self {
        Self(Instant::now())
    }

    /// Returns a JSON object of about `size` bytes with a place for a time.
    pub(crate) fn payload(size: usize) -> String {
        let empty = format!("{{\"t\":{OFFSET},\"pad\":\"\"}}");
        let pad = "x".repeat(size.saturating_sub(empty.len()));
        format!("{{\"t\":{OFFSET},\"pad\":\"{pad}\"}}")
    }

    /// Replaces the time in `request` by the present time.
    pub(crate) fn write(self, request: &mut [u8]) {
        let digits = (OFFSET + self.0.elapsed().as_nanos()).to_string();
        let place = find(request).and_then(|at| request.get_mut(at..at + DIGITS));
        if let Some(place) = place.filter(|place| place.len() == digits.len()) {
            place.copy_from_slice(digits.as_bytes());
        }
    }

    /// Returns the microseconds since the time in `request` was written.
    pub(crate) fn since(self, request: &[u8]) -> Option<u32> {
        let at = find(request)?;
        let digits = std::str::from_utf8(request.get(at..at + DIGITS)?).ok()?;
        let then = digits.parse::<u128>().ok()?.checked_sub(OFFSET)?;
        u32::try_from(self.0.elapsed().as_nanos().saturating_sub(then) / 1000).ok()
    }
}

fn find(request: &[u8]) -> Option<usize> {
    request.windows(MARK.len()).position(|four| four == MARK).map(|at| at + MARK.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_goes_in_and_comes_out() {
        let stamp = Stamp::new();
        let mut request = format!("POST / HTTP/1.1\r\n\r\n{}", Stamp::payload(100)).into_bytes();
        let length = request.len();
        stamp.write(&mut request);
        assert_eq!(request.len(), length);
        assert!(stamp.since(&request).is_some_and(|micros| micros < 1_000_000));
        assert_eq!(stamp.since(b"{}"), None);
    }
}
