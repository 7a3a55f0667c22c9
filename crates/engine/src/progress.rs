//! The progress of deliveries: reported by the dispatcher, read by health checks.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long a stall lasts before it is reported.
const STALLED_AFTER: Duration = Duration::from_secs(10);
/// The longest time between two heartbeats. Without work the dispatcher sleeps for half of it.
const MAX_SILENCE: Duration = Duration::from_mins(1);

/// The last reports of the dispatcher.
#[derive(Debug, Default)]
pub(crate) struct Progress(Mutex<ProgressState>);

#[derive(Debug, Default)]
struct ProgressState {
    last_beat: Option<Instant>,
    stall: Option<Stall>,
}

#[derive(Debug)]
struct Stall {
    since: Instant,
    reason: &'static str,
}

impl Progress {
    fn lock(&self) -> MutexGuard<'_, ProgressState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reports that the dispatcher's loop runs.
    pub(crate) fn beat(&self, now: Instant) {
        self.lock().last_beat = Some(now);
    }

    /// Reports that the server itself keeps a due delivery from its attempt.
    ///
    /// `reason` is for anybody, `detail` only for the log.
    pub(crate) fn report_stall(&self, reason: &'static str, detail: &str, now: Instant) {
        let mut state = self.lock();
        if let Some(stall) = &mut state.stall {
            stall.reason = reason;
            return;
        }
        state.stall = Some(Stall { since: now, reason });
        drop(state);
        tracing::warn!(reason, detail, "deliveries are delayed");
    }

    /// Reports that an attempt was made, or that no delivery is delayed any more.
    pub(crate) fn clear_stall(&self) {
        let stall = self.lock().stall.take();
        if stall.is_some_and(|stall| stall.since.elapsed() >= STALLED_AFTER) {
            tracing::info!("deliveries make progress again");
        }
    }

    /// Why nothing is delivered; `None` while deliveries make progress.
    pub(crate) fn stall_reason(&self, now: Instant) -> Option<String> {
        let state = self.lock();
        let silence = state.last_beat.map(|beat| now.duration_since(beat));
        if let Some(silence) = silence.filter(|silence| *silence >= MAX_SILENCE) {
            return Some(format!(
                "nothing is delivered: the dispatcher is stuck for {} s",
                silence.as_secs()
            ));
        }
        let Stall { since, reason } = state.stall.as_ref()?;
        let lasts = now.duration_since(*since);
        (lasts >= STALLED_AFTER).then(|| format!("nothing is delivered for {} s: {reason}", lasts.as_secs()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stall_is_reported_while_it_lasts() {
        let (progress, start) = (Progress::default(), Instant::now());
        let reason = |after: Duration| progress.stall_reason(start + after);
        assert_eq!(reason(MAX_SILENCE), None, "no dispatcher yet");
        progress.beat(start);
        progress.report_stall("no descriptors", "24", start);
        progress.report_stall("no memory", "12", start + STALLED_AFTER / 2);
        assert_eq!(reason(STALLED_AFTER / 2), None, "it may pass");
        assert_eq!(reason(STALLED_AFTER).unwrap(), "nothing is delivered for 10 s: no memory");
        progress.clear_stall();
        assert_eq!(reason(STALLED_AFTER), None);
        assert!(reason(MAX_SILENCE).unwrap().contains("stuck for 60 s"));
        progress.beat(start + MAX_SILENCE);
        assert_eq!(reason(MAX_SILENCE), None);
    }
}
