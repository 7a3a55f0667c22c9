//! The events that a page missed while it was away, read from the journal in small parts.

use footbridge_engine::{AppProof, Engine, MissedPage, PageEvent, Watcher};
use footbridge_model::id::EventId;
use std::collections::{BTreeSet, VecDeque};

/// The most events that are sent after a resume. A page that missed more gets a gap.
const EVENTS_MAX: usize = 1000;
/// Events that one read of the journal returns.
const PAGE: u32 = 32;

/// The next item of a resume.
pub(super) enum Next {
    /// An event that the page missed.
    Event(PageEvent),
    /// Some missed events cannot be sent.
    Gap,
    /// There are no more missed events.
    End,
}

/// Reads the journal on from the event that the page saw last.
#[derive(Debug)]
pub(super) struct Resume {
    after: EventId,
    events: VecDeque<PageEvent>,
    sent: usize,
    gap: bool,
    gap_sent: bool,
    /// True once the journal was read to its end after the watcher began.
    complete: bool,
}

impl Resume {
    pub(super) const fn after(after: EventId) -> Self {
        Self { after, events: VecDeque::new(), sent: 0, gap: false, gap_sent: false, complete: false }
    }

    /// Returns the next item. The watcher begins shortly before the end of the journal, so that no event falls between the
    /// two and the watcher queues few; `both` collects the events that may come from both.
    pub(super) async fn next(
        &mut self,
        engine: &Engine,
        app: &AppProof,
        watcher: &mut Option<Watcher>,
        both: &mut BTreeSet<EventId>,
    ) -> Next {
        loop {
            if std::mem::take(&mut self.gap) && !std::mem::replace(&mut self.gap_sent, true) {
                return Next::Gap;
            }
            if self.sent >= EVENTS_MAX && !self.events.is_empty() {
                self.events.clear();
                (self.gap, self.complete) = (true, true);
                begin(watcher, engine, app);
                continue;
            }
            if let Some(event) = self.events.pop_front() {
                self.sent += 1;
                // Even one that was read before the watcher began: it may be committed and not yet broadcast.
                both.insert(event.event.id);
                return Next::Event(event);
            }
            if self.complete {
                return Next::End;
            }
            let watched = watcher.is_some();
            match engine.events_since(app, self.after, PAGE).await {
                Ok(Some(missed)) => self.take(missed, watched),
                // The proof of the app is no longer valid: the stream ends at its next check.
                Ok(None) => return Next::End,
                Err(error) => {
                    tracing::warn!(%error, "the events that a page missed could not be read");
                    (self.gap, self.complete) = (true, true);
                }
            }
            if self.events.len() < PAGE as usize {
                begin(watcher, engine, app);
            }
        }
    }

    fn take(&mut self, missed: MissedPage, watched: bool) {
        self.gap = missed.gap;
        let mut last = missed.last.unwrap_or(self.after);
        self.events = missed.events.into();
        if !watched && last > missed.watermark {
            // An earlier event is still uncommitted, and no watcher would receive it.
            last = missed.watermark.max(self.after);
            self.events.retain(|event| event.event.id <= last);
        }
        self.after = last;
        // Only a read after the watcher began shows that nothing is left.
        self.complete = watched && !missed.more;
    }
}

/// Begins to watch unless that happened already. A proof that is no longer valid begins nothing.
fn begin(watcher: &mut Option<Watcher>, engine: &Engine, app: &AppProof) {
    if watcher.is_none() {
        *watcher = engine.watch(app);
    }
}
