//! How far a connection is from having nothing to do, so that it can park without its buffers.

use std::cell::Cell;

/// The state that the last reads and writes have shown.
#[derive(Debug)]
pub(super) struct Quiet {
    level: Cell<Level>,
    flushed: Cell<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    /// Something may be in progress.
    Busy,
    /// The connection waits for its next request. The last answer may not be written yet.
    Reading,
    /// The connection waits for its next request, and the last answer is written: no buffer is in use.
    Ready,
    /// The connection was told to park.
    Parked,
}

impl Default for Quiet {
    fn default() -> Self {
        // A new connection has sent nothing yet, and may never do so.
        Self { level: Cell::new(Level::Reading), flushed: Cell::new(true) }
    }
}

impl Quiet {
    /// Bytes of a request were received.
    pub(super) fn received(&self) {
        self.level.set(Level::Busy);
    }

    /// A read found nothing while no request was in progress.
    pub(super) fn read_pending(&self) {
        if self.level.get() == Level::Busy {
            self.level.set(if self.flushed.get() { Level::Ready } else { Level::Reading });
        }
    }

    /// Bytes of an answer are written.
    pub(super) fn write_started(&self) {
        self.flushed.set(false);
        self.level.set(Level::Busy);
    }

    /// Everything that was to be written is written. `idle`: no request is in progress.
    pub(super) fn write_flushed(&self, idle: bool) {
        self.flushed.set(true);
        if idle && self.level.get() == Level::Reading {
            self.level.set(Level::Ready);
        }
    }

    /// The connection was told to park.
    pub(super) fn park(&self) {
        self.level.set(Level::Parked);
    }

    /// Returns true if something may be in progress.
    pub(super) fn is_busy(&self) -> bool {
        self.level.get() == Level::Busy
    }

    /// Returns true if no buffer is in use.
    pub(super) fn is_ready(&self) -> bool {
        self.level.get() == Level::Ready
    }

    /// Returns true if nothing was received or written since the connection was told to park.
    pub(super) fn is_parked(&self) -> bool {
        self.level.get() == Level::Parked
    }
}
