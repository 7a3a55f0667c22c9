//! What a page missed while it was away, read from the journal a little at a time.

use footbridge_engine::{AppProof, Engine, MissedPage, PageEvent, Watcher};
use footbridge_model::id::EventId;
use std::collections::{BTreeSet, VecDeque};

/// The most events that are told again.
const MOST: usize = 1000;
/// So many are held at once.
const HELD: u32 = 32;

/// What comes next of what was missed.
pub(super) enum Next {
    /// An event.
    Event(PageEvent),
    /// There were others that cannot be told.
    Gap,
    /// That was all.
    End,
}

/// Reads on from an event that the page has seen.
#[derive(Debug)]
pub(super) struct Resume {
    after: EventId,
    held: VecDeque<PageEvent>,
    told: usize,
    gap: bool,
    gap_told: bool,
    /// Whether the journal has been read to its end since the watcher began.
    whole: bool,
}

impl Resume {
    pub(super) const fn after(after: EventId) -> Self {
        Self { after, held: VecDeque::new(), told: 0, gap: false, gap_told: false, whole: false }
    }

    /// What comes next. The watcher begins when the end is near, so that nothing falls between the two and it
    /// has little to hold meanwhile; `both` gathers what both may tell.
    pub(super) async fn next(
        &mut self,
        engine: &Engine,
        app: &AppProof,
        watcher: &mut Option<Watcher>,
        both: &mut BTreeSet<EventId>,
    ) -> Next {
        loop {
            if std::mem::take(&mut self.gap) && !std::mem::replace(&mut self.gap_told, true) {
                return Next::Gap;
            }
            if self.told >= MOST && !self.held.is_empty() {
                self.held.clear();
                (self.gap, self.whole) = (true, true);
                begin(watcher, engine, app);
                continue;
            }
            if let Some(event) = self.held.pop_front() {
                self.told += 1;
                if watcher.is_some() {
                    both.insert(event.event.id);
                }
                return Next::Event(event);
            }
            if self.whole {
                return Next::End;
            }
            let watched = watcher.is_some();
            match engine.events_since(app, self.after, HELD).await {
                Ok(Some(missed)) => self.take(missed, watched),
                // The stream ends as soon as it looks.
                Ok(None) => return Next::End,
                Err(error) => {
                    tracing::warn!(%error, "what a page missed could not be read");
                    (self.gap, self.whole) = (true, true);
                }
            }
            if self.held.len() < HELD as usize {
                begin(watcher, engine, app);
            }
        }
    }

    fn take(&mut self, missed: MissedPage, watched: bool) {
        self.gap = missed.gap;
        let mut last = missed.last.unwrap_or(self.after);
        self.held = missed.events.into();
        if !watched && last > missed.settled {
            // What is still under way before it would be heard of by nobody.
            last = missed.settled.max(self.after);
            self.held.retain(|event| event.event.id <= last);
        }
        self.after = last;
        // What came before the watcher did is all there once a look after that finds no more.
        self.whole = watched && !missed.more;
    }
}

/// Begins to watch, unless that was done; a proof that no longer counts begins nothing.
fn begin(watcher: &mut Option<Watcher>, engine: &Engine, app: &AppProof) {
    if watcher.is_none() {
        *watcher = engine.watch(app);
    }
}
