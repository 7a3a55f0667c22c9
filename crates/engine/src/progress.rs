//! Whether deliveries get on: told by the dispatcher, asked for by probes.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long something may hinder every delivery before it is told.
const HINDERED: Duration = Duration::from_secs(10);
/// How long the dispatcher may take over one round; it sleeps for half of that when nothing is due.
const SILENT: Duration = Duration::from_mins(1);

/// What the dispatcher told last.
#[derive(Debug, Default)]
pub(crate) struct Progress(Mutex<Told>);

#[derive(Debug, Default)]
struct Told {
    beat: Option<Instant>,
    hindered: Option<(Instant, &'static str)>,
}

impl Progress {
    fn lock(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The dispatcher goes round.
    pub(crate) fn beat(&self, now: Instant) {
        self.lock().beat = Some(now);
    }

    /// The server itself could not make an attempt that was due: why, in words for anybody, and what the log tells
    /// besides.
    pub(crate) fn hinder(&self, why: &'static str, detail: &str, now: Instant) {
        let mut told = self.lock();
        if let Some((_, last)) = &mut told.hindered {
            *last = why;
            return;
        }
        told.hindered = Some((now, why));
        drop(told);
        tracing::warn!(why, detail, "deliveries are held back");
    }

    /// An attempt was made, or nothing is held back any more.
    pub(crate) fn moved(&self) {
        let was = self.lock().hindered.take();
        if was.is_some_and(|(since, _)| since.elapsed() >= HINDERED) {
            tracing::info!("deliveries get on again");
        }
    }

    /// Why deliveries do not get on although they could, if so.
    pub(crate) fn hindrance(&self, now: Instant) -> Option<String> {
        let told = self.lock();
        let silent = told.beat.map(|beat| now.duration_since(beat)).filter(|silent| *silent >= SILENT);
        if let Some(silent) = silent {
            return Some(format!("nothing is delivered: the dispatcher is stuck for {} s", silent.as_secs()));
        }
        let (since, why) = told.hindered.as_ref()?;
        let passed = now.duration_since(*since);
        (passed >= HINDERED).then(|| format!("nothing is delivered for {} s: {why}", passed.as_secs()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lasts_is_told_until_something_moves() {
        let (progress, start) = (Progress::default(), Instant::now());
        let told = |after: Duration| progress.hindrance(start + after);
        assert_eq!(told(SILENT), None, "no dispatcher yet");
        progress.beat(start);
        progress.hinder("no descriptors", "24", start);
        progress.hinder("no memory", "12", start + HINDERED / 2);
        assert_eq!(told(HINDERED / 2), None, "it may pass");
        assert_eq!(told(HINDERED).unwrap(), "nothing is delivered for 10 s: no memory");
        progress.moved();
        assert_eq!(told(HINDERED), None);
        assert!(told(SILENT).unwrap().contains("stuck for 60 s"));
        progress.beat(start + SILENT);
        assert_eq!(told(SILENT), None);
    }
}
