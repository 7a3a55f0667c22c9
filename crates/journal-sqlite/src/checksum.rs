//! Checksums of rows. A row that was damaged on the disk is noticed when it is read, and is never mistaken for what
//! was written.
//!
//! Rows of older versions have no checksum and are accepted as they are.

use crate::failure::{CommandError, CommandResult};
use crc32fast::Hasher;

/// A checksum in the making. Every value is added with its length, so that no two rows have the same input.
#[derive(Default)]
pub(crate) struct Checksum(Hasher);

impl Checksum {
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

    /// The value that is stored with the row.
    pub(crate) fn value(self) -> i64 {
        i64::from(self.0.finalize())
    }

    /// Compares the checksum with the stored one; `what` names the row.
    pub(crate) fn check(self, kept: Option<i64>, what: impl FnOnce() -> String) -> CommandResult<()> {
        match kept {
            Some(kept) if kept != self.value() => {
                Err(CommandError::damaged(format!("{} does not match its checksum", what())))
            }
            _ => Ok(()),
        }
    }
}

/// The checksum of the columns of a delivery that never change.
pub(crate) fn of_delivery(id: i64, event: i64, hook: i64) -> Checksum {
    Checksum::default().number(id).number(event).number(hook)
}
