//! Limits how often the log repeats a message about one subject.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The largest number of lines about one subject in one window.
const LINES: u32 = 5;
/// The length of a window.
const WINDOW: Duration = Duration::from_mins(1);
/// The largest number of subjects that are counted separately.
const MAX_SUBJECTS: usize = 10_000;

/// Counts recent log lines by subject.
#[derive(Debug)]
pub struct LogLimit<K>(Mutex<HashMap<K, Window>>);

impl<K> Default for LogLimit<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

#[derive(Debug, Clone, Copy)]
struct Window {
    started: Instant,
    written: u32,
    suppressed: u64,
}

impl Window {
    fn is_over(&self, now: Instant) -> bool {
        now.duration_since(self.started) >= WINDOW
    }
}

impl<K: Eq + Hash + Clone> LogLimit<K> {
    /// Returns true if a line about `subject` may be written now.
    pub fn admits(&self, subject: &K, now: Instant) -> bool {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = windows.len() >= MAX_SUBJECTS;
        match windows.get_mut(subject) {
            Some(window) if window.written < LINES => {
                window.written += 1;
                true
            }
            Some(window) => {
                window.suppressed += 1;
                false
            }
            // `take_suppressed` removes windows that have ended.
            None if is_full => false,
            None => {
                windows.insert(subject.clone(), Window { started: now, written: 1, suppressed: 0 });
                true
            }
        }
    }

    /// Removes the windows that have ended. Returns the subjects with suppressed lines, and the number of those lines.
    pub fn take_suppressed(&self, now: Instant) -> Vec<(K, u64)> {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut suppressed = Vec::new();
        windows.retain(|subject, window| {
            if window.is_over(now) && window.suppressed > 0 {
                suppressed.push((subject.clone(), window.suppressed));
            }
            !window.is_over(now)
        });
        suppressed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_few_lines_a_minute_and_a_count_of_the_rest() {
        let limit = LogLimit::default();
        let written = |subject| (0..20).filter(|_| limit.admits(&subject, Instant::now())).count();
        assert_eq!((written(1), written(2)), (5, 5));
        assert_eq!(limit.take_suppressed(Instant::now()), []);
        tokio::time::advance(WINDOW).await;
        let mut suppressed = limit.take_suppressed(Instant::now());
        suppressed.sort_unstable();
        assert_eq!(suppressed, [(1, 15), (2, 15)]);
        assert_eq!(limit.take_suppressed(Instant::now()), []);
        assert_eq!(written(1), 5);
        for subject in 0..20_000 {
            limit.admits(&subject, Instant::now());
        }
        assert!(limit.0.lock().unwrap().len() <= MAX_SUBJECTS);
    }
}
