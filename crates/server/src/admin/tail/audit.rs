//! Adds new entries of the audit log to a queue.
//!
//! They are read from the log, so that an entry is shown once it is stored, whichever part or server has made it.

use super::super::{AdminState, audit};
use super::queue::TailQueue;
use super::rows::{Filter, line};
use footbridge_engine::{AuditFilter, JournalError, Page};
use footbridge_model::audit::AuditEntry;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;

/// How often the log is read.
const TICK: Duration = Duration::from_millis(500);
/// The number of entries that are read at once, and of the latest ones that are remembered.
const ENTRIES: u32 = 50;

/// The position in the audit log. Entries can be stored in another order than that of their ids, so the latest ones are
/// remembered one by one.
pub(super) struct AuditPosition {
    /// The numbers of the latest entries.
    latest: BTreeSet<u64>,
    /// Entries up to this number are known.
    known: u64,
}

impl AuditPosition {
    /// The end of the log.
    pub(super) async fn end(shared: &AdminState) -> Result<Self, JournalError> {
        let mut position = Self { latest: BTreeSet::new(), known: 0 };
        let entries = read(shared, None).await?;
        position.remember(entries.iter().map(|entry| entry.id.number()).collect());
        Ok(position)
    }

    /// Adds what is stored from now on, until dropped.
    pub(super) async fn follow(mut self, shared: &AdminState, queue: &TailQueue, filter: &Filter) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            // After an error the same entries are read at the next tick.
            let Ok(entries) = self.next(shared).await else { continue };
            for entry in entries {
                if filter.picks_audit(&entry) {
                    queue.row(Instant::now(), "audit", || line(&audit::view(entry)));
                }
            }
        }
    }

    /// Returns the entries that were stored since the last call, oldest first.
    async fn next(&mut self, shared: &AdminState) -> Result<Vec<AuditEntry>, JournalError> {
        let (mut fresh, mut seen) = (Vec::new(), BTreeSet::new());
        let mut before = None;
        loop {
            let entries = read(shared, before).await?;
            let (count, fresh_before) = (entries.len(), fresh.len());
            before = entries.last().map(|entry| entry.id.number());
            for entry in entries {
                let number = entry.id.number();
                seen.insert(number);
                if self.is_new(number) {
                    fresh.push(entry);
                }
            }
            // All of them are new, so the ones before may be, too.
            if fresh.len() - fresh_before < count || count < ENTRIES as usize {
                break;
            }
        }
        self.remember(seen);
        fresh.reverse();
        Ok(fresh)
    }

    fn is_new(&self, number: u64) -> bool {
        number > self.known && !self.latest.contains(&number)
    }

    /// Remembers the latest of the entries that were read.
    fn remember(&mut self, mut numbers: BTreeSet<u64>) {
        while numbers.len() > ENTRIES as usize {
            numbers.pop_first();
        }
        if numbers.len() == ENTRIES as usize {
            self.known = numbers.first().copied().unwrap_or(self.known);
        }
        self.latest = numbers;
    }
}

/// Reads entries, newest first.
async fn read(shared: &AdminState, before: Option<u64>) -> Result<Vec<AuditEntry>, JournalError> {
    let page = Page { before, limit: ENTRIES };
    Ok(shared.engine.audit_log(AuditFilter::default(), page).await?.entries)
}
