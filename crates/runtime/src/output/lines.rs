//! Splits a byte stream into lines.

/// The longest line that is stored, in bytes. Longer lines are cut.
pub(super) const LINE_MAX: usize = 16 * 1024;

/// Splits bytes into lines across reads.
#[derive(Debug, Default)]
pub(super) struct Lines {
    open: Vec<u8>,
    /// True while the rest of an overlong line is skipped.
    cut: bool,
}

impl Lines {
    /// Adds bytes and passes every completed line to `line`.
    pub(super) fn feed(&mut self, mut bytes: &[u8], mut line: impl FnMut(String)) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            let (head, tail) = bytes.split_at(end);
            self.take(head);
            line(self.close());
            bytes = tail.get(1..).unwrap_or_default();
        }
        self.take(bytes);
    }

    /// Returns the last line if it has no line end.
    pub(super) fn finish(&mut self) -> Option<String> {
        (!self.open.is_empty()).then(|| self.close())
    }

    /// Ends the current line before a gap in the input, and returns it if it has any text.
    pub(super) fn skip(&mut self) -> Option<String> {
        self.cut = self.cut || !self.open.is_empty();
        self.finish()
    }

    fn take(&mut self, bytes: &[u8]) {
        let room = LINE_MAX.saturating_sub(self.open.len());
        self.open.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
        self.cut = self.cut || bytes.len() > room;
    }

    fn close(&mut self) -> String {
        let bytes = self.open.strip_suffix(b"\r").unwrap_or(&self.open);
        let mut text = String::from_utf8_lossy(bytes).into_owned();
        if std::mem::take(&mut self.cut) {
            text.push('…');
        }
        self.open.clear();
        text
    }
}

#[cfg(test)]
mod tests {
    use super::{LINE_MAX, Lines};

    fn lines(parts: &[&[u8]]) -> Vec<String> {
        let (mut lines, mut found) = (Lines::default(), Vec::new());
        for part in parts {
            lines.feed(part, |line| found.push(line));
        }
        found.extend(lines.finish());
        found
    }

    #[test]
    fn lines_are_the_same_wherever_reads_split_them() {
        assert_eq!(lines(&[b"a", b"b\r", b"\n\nc\xff", b"d"]), ["ab", "", "c\u{fffd}d"]);
        assert!(lines(&[b""]).is_empty());
    }

    #[test]
    fn an_overlong_line_is_cut_once() {
        let long = vec![b'x'; LINE_MAX + 5];
        let found = lines(&[&long, &long, b"\nnext\n"]);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].len(), LINE_MAX + '…'.len_utf8());
        assert_eq!(found[1], "next");
    }
}
