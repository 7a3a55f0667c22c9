//! Ring buffer with the last lines of one app.

use footbridge_model::run::{OutputLine, Stream};
use footbridge_model::time::Millis;
use std::collections::VecDeque;

/// The most lines stored for an app.
const LINES: usize = 4000;
/// The most bytes stored for an app. A line counts its text and `OVERHEAD`.
const BYTES: usize = 1024 * 1024;
const OVERHEAD: usize = size_of::<OutputLine>();

#[derive(Debug, Default)]
pub(super) struct Ring {
    lines: VecDeque<OutputLine>,
    bytes: usize,
    /// The number of the line that was added last; 0 before the first.
    pub(super) last: u64,
}

impl Ring {
    pub(super) fn push(&mut self, at: Millis, stream: Stream, text: String) {
        self.last += 1;
        self.bytes += OVERHEAD + text.len();
        self.lines.push_back(OutputLine { number: self.last, at, stream, text });
        while self.lines.len() > LINES || self.bytes > BYTES {
            let Some(gone) = self.lines.pop_front() else { return };
            self.bytes -= OVERHEAD + gone.text.len();
        }
    }

    /// Returns at most `limit` lines with a number above `after`, oldest first.
    pub(super) fn after(&self, after: u64, limit: usize) -> Vec<OutputLine> {
        let start = self.lines.partition_point(|line| line.number <= after);
        self.lines.iter().skip(start).take(limit).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{BYTES, LINES, Ring};
    use footbridge_model::run::Stream;
    use footbridge_model::time::Millis;

    #[test]
    fn the_oldest_lines_are_removed_first() {
        let mut ring = Ring::default();
        for number in 0..LINES + 10 {
            ring.push(Millis(0), Stream::Out, number.to_string());
        }
        let kept = ring.after(0, usize::MAX);
        assert_eq!((kept.len(), kept[0].number, kept[0].text.as_str()), (LINES, 11, "10"));
        assert_eq!(ring.after(ring.last - 2, 1)[0].number, ring.last - 1);
        assert!(ring.after(ring.last, 10).is_empty());
        for _ in 0..100 {
            ring.push(Millis(0), Stream::Err, "x".repeat(BYTES / 50));
        }
        assert!(ring.after(0, usize::MAX).len() < 50 && ring.bytes <= BYTES);
    }
}
