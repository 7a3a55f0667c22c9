//! Checksums of rows: what was damaged on the disk is noticed where it is read, and never taken for what was written.
//!
//! A row that an older version wrote has none and is taken as it is.

use crate::fault::{Fault, Step};
use crc32fast::Hasher;

/// A checksum being made. Every value goes in with its length, so that no two rows look alike.
#[derive(Default)]
pub(crate) struct Sum(Hasher);

impl Sum {
    pub(crate) fn number(mut self, number: i64) -> Self {
        self.0.update(&number.to_le_bytes());
        self
    }

    pub(crate) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.update(&(bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
        self
    }

    pub(crate) fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes())
    }

    pub(crate) fn optional(self, text: Option<&str>) -> Self {
        match text {
            None => self.number(0),
            Some(text) => self.number(1).text(text),
        }
    }

    /// What is kept with the row.
    pub(crate) fn value(self) -> i64 {
        i64::from(self.0.finalize())
    }

    /// Compares it with what was kept; `what` names the row.
    pub(crate) fn check(self, kept: Option<i64>, what: impl FnOnce() -> String) -> Step<()> {
        match kept {
            Some(kept) if kept != self.value() => {
                Err(Fault::damaged(format!("{} does not match its checksum", what())))
            }
            _ => Ok(()),
        }
    }
}

/// The checksum of what never changes of a delivery.
pub(crate) fn of_delivery(id: i64, event: i64, hook: i64) -> Sum {
    Sum::default().number(id).number(event).number(hook)
}
