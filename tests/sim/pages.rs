//! Simulated pages: each watches the events of an app, loses its connection, and resumes from its cursor.

use crate::broken::Broken;
use crate::history::{History, PageEntry};
use crate::plan::PagePlan;
use crate::run::name;
use crate::time::Time;
use footbridge_engine::{AppProof, Engine, WatchItem, Watcher};
use footbridge_model::id::EventId;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

/// How many missed events are read at once.
const PORTION: u32 = 8;

/// The cursor of each page. Continues over crashes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cursors(Rc<RefCell<Vec<Option<Cursor>>>>);

/// The event that a page resumes after, and the later ones that it has seen.
#[derive(Debug, Clone, Default)]
struct Cursor {
    after: Option<EventId>,
    ahead: BTreeSet<EventId>,
}

impl Cursor {
    /// Moves on to the last event seen that is at most `settled`.
    fn settle(&mut self, settled: EventId) {
        if let Some(reached) = self.ahead.range(..=settled).next_back().copied() {
            self.after = self.after.max(Some(reached));
            self.ahead.retain(|id| *id > reached);
        }
    }
}

impl Cursors {
    fn load(&self, page: usize) -> Option<Cursor> {
        self.0.borrow().get(page).cloned().flatten()
    }

    fn store(&self, page: usize, cursor: &Cursor) {
        let mut all = self.0.borrow_mut();
        if all.len() <= page {
            all.resize(page + 1, None);
        }
        all[page] = Some(cursor.clone());
    }
}

/// A page within one server process.
pub(crate) struct Page {
    pub(crate) number: usize,
    pub(crate) plan: PagePlan,
    pub(crate) engine: Engine,
    pub(crate) history: History,
    pub(crate) time: Time,
    pub(crate) cursors: Cursors,
    pub(crate) broken: Broken,
}

impl Page {
    /// Watches until the process ends.
    pub(crate) async fn run(self) {
        self.time.reach(self.plan.from).await;
        loop {
            let now = self.time.passed();
            let lost = self.plan.losses.iter().filter(|(at, _)| *at > now).min();
            let Some((at, away)) = lost.copied() else {
                self.connect().await;
                return;
            };
            tokio::select! {
                biased;
                () = self.time.reach(at) => {}
                () = self.connect() => return,
            }
            self.time.reach(at + away).await;
        }
    }

    fn record(&self, entry: PageEntry) {
        self.history.record_page(self.number, self.plan.app, entry);
    }

    /// One connection: what was missed first, then what comes.
    async fn connect(&self) {
        let proof = self.engine.app(&name(self.plan.app)).unwrap().proof();
        let mut cursor = self.cursors.load(self.number).unwrap_or_default();
        let mut watcher = None;
        let mut repeated = BTreeSet::new();
        if let Some(after) = cursor.after {
            self.record(PageEntry::Connected);
            self.resume(&proof, after, &mut cursor, (&mut watcher, &mut repeated)).await;
        }
        let mut watcher = watcher.unwrap_or_else(|| self.engine.watch(&proof).unwrap());
        if cursor.after.is_none() {
            // From here on nothing may be missed.
            cursor.after = Some(self.engine.watermark());
            self.cursors.store(self.number, &cursor);
            self.record(PageEntry::Connected);
        }
        let mut count = 0_u64;
        while let Some(heard) = watcher.next().await {
            count += 1;
            match heard {
                WatchItem::Event(_) if self.broken == Broken::LiveDrops && count.is_multiple_of(5) => {}
                WatchItem::Event(event) if repeated.remove(&event.event.id) => {
                    self.settle(&mut cursor, event.watermark);
                }
                WatchItem::Event(event) => {
                    self.see(&mut cursor, event.event.id, event.watermark);
                    if self.broken == Broken::LiveRepeats && count.is_multiple_of(5) {
                        self.see(&mut cursor, event.event.id, event.watermark);
                    }
                }
                WatchItem::Missed(_) => self.record(PageEntry::Gap),
            }
        }
    }

    /// Reads on from the cursor. Watches from the moment at which the end is near.
    async fn resume(
        &self,
        proof: &AppProof,
        after: EventId,
        cursor: &mut Cursor,
        (watcher, repeated): (&mut Option<Watcher>, &mut BTreeSet<EventId>),
    ) {
        let mut after = after;
        let mut gap = false;
        loop {
            let watched = watcher.is_some();
            let Ok(Some(missed)) = self.engine.events_since(proof, after, PORTION).await else {
                self.record(PageEntry::Gap);
                break;
            };
            if missed.gap && !std::mem::replace(&mut gap, true) {
                self.record(PageEntry::Gap);
            }
            let mut last = missed.last.unwrap_or(after);
            if !watched && last > missed.watermark {
                // Events before it may still be committed, and nobody would hear of them.
                last = missed.watermark.max(after);
            }
            for event in missed.events.iter().filter(|event| watched || event.event.id <= last) {
                // Even one that was read before the watcher began: it may be committed and not yet broadcast.
                repeated.insert(event.event.id);
                self.see(cursor, event.event.id, event.watermark);
            }
            after = last;
            if watched && !missed.more {
                break;
            }
            if missed.events.len() < PORTION as usize && watcher.is_none() {
                *watcher = self.engine.watch(proof);
            }
        }
    }

    fn see(&self, cursor: &mut Cursor, event: EventId, settled: EventId) {
        self.record(PageEntry::Event(event));
        cursor.ahead.insert(event);
        self.settle(cursor, settled);
    }

    fn settle(&self, cursor: &mut Cursor, settled: EventId) {
        cursor.settle(settled);
        self.cursors.store(self.number, cursor);
    }
}
