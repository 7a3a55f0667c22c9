//! Bounds how often the log says the same of the same thing.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The most lines about one thing in one window.
const LINES: u32 = 5;
/// How long a window is.
const WINDOW: Duration = Duration::from_mins(1);
/// The most things that are told apart.
const THINGS: usize = 10_000;

/// How often the log has spoken of each of many things lately.
#[derive(Debug)]
pub struct LogLimit<K>(Mutex<HashMap<K, Window>>);

impl<K> Default for LogLimit<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

#[derive(Debug, Clone, Copy)]
struct Window {
    begun: Instant,
    said: u32,
    left_out: u64,
}

impl Window {
    fn is_over(&self, now: Instant) -> bool {
        now.duration_since(self.begun) >= WINDOW
    }
}

impl<K: Eq + Hash + Clone> LogLimit<K> {
    /// Whether a line about `thing` may be written now.
    pub fn admits(&self, thing: &K, now: Instant) -> bool {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = windows.len() >= THINGS;
        match windows.get_mut(thing) {
            Some(window) if window.said < LINES => {
                window.said += 1;
                true
            }
            Some(window) => {
                window.left_out += 1;
                false
            }
            // Those that are over are taken away by `left_out`.
            None if is_full => false,
            None => {
                windows.insert(thing.clone(), Window { begun: now, said: 1, left_out: 0 });
                true
            }
        }
    }

    /// Ends the windows that are over, giving how many lines were left out about which thing.
    pub fn left_out(&self, now: Instant) -> Vec<(K, u64)> {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut left_out = Vec::new();
        windows.retain(|thing, window| {
            if window.is_over(now) && window.left_out > 0 {
                left_out.push((thing.clone(), window.left_out));
            }
            !window.is_over(now)
        });
        left_out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_few_lines_a_minute_and_a_count_of_the_rest() {
        let limit = LogLimit::default();
        let said = |thing| (0..20).filter(|_| limit.admits(&thing, Instant::now())).count();
        assert_eq!((said(1), said(2)), (5, 5));
        assert_eq!(limit.left_out(Instant::now()), []);
        tokio::time::advance(WINDOW).await;
        let mut left_out = limit.left_out(Instant::now());
        left_out.sort_unstable();
        assert_eq!(left_out, [(1, 15), (2, 15)]);
        assert_eq!(limit.left_out(Instant::now()), []);
        assert_eq!(said(1), 5);
        for thing in 0..20_000 {
            limit.admits(&thing, Instant::now());
        }
        assert!(limit.0.lock().unwrap().len() <= THINGS);
    }
}
