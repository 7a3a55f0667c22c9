//! Follows the framing of requests on a connection. hyper parses HTTP; this reports what hyper does not: lines that end
//! without a carriage return, and bodies that are incomplete.

/// The position within a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FramePosition {
    /// Within a line of a head.
    Head,
    /// In a body of which this many bytes are left.
    Body(u64),
    /// Within the line with the size of a chunk.
    ChunkSize,
    /// In a chunk of which this many bytes are left, its line end included.
    Chunk(u64),
    /// Within a line after the last chunk.
    Trailer,
    /// Unknown: the bytes are not valid HTTP, which hyper refuses too.
    Lost,
}

/// The longest prefix of a line that is examined, in bytes.
const LINE: usize = 40;

/// The framing state of one connection.
#[derive(Debug)]
pub(super) struct Framing {
    position: FramePosition,
    line: [u8; LINE],
    filled: usize,
    /// Length of the line so far.
    length: usize,
    last: u8,
    declared: u64,
    chunked: bool,
    first_line: bool,
    bare_line_feed: bool,
}

impl Default for Framing {
    fn default() -> Self {
        Self {
            position: FramePosition::Head,
            line: [0; LINE],
            filled: 0,
            length: 0,
            last: 0,
            declared: 0,
            chunked: false,
            first_line: true,
            bare_line_feed: false,
        }
    }
}

impl Framing {
    /// Processes the next bytes of the connection.
    pub(super) fn feed(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.position != FramePosition::Lost {
            bytes = match self.position {
                FramePosition::Body(left) | FramePosition::Chunk(left) => self.skip(left, bytes),
                _ => self.take_line(bytes),
            };
        }
    }

    /// Returns true if a line of a head ended without a carriage return.
    pub(super) fn has_bare_line_feed(&self) -> bool {
        self.bare_line_feed
    }

    /// Returns true if the body of a request is incomplete.
    pub(super) fn is_in_body(&self) -> bool {
        matches!(
            self.position,
            FramePosition::Body(_)
                | FramePosition::ChunkSize
                | FramePosition::Chunk(_)
                | FramePosition::Trailer
        )
    }

    fn skip<'a>(&mut self, left: u64, bytes: &'a [u8]) -> &'a [u8] {
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        let left = left - count as u64;
        self.position = match (self.position, left) {
            (FramePosition::Body(_), 0) => FramePosition::Head,
            (FramePosition::Body(_), left) => FramePosition::Body(left),
            (_, 0) => FramePosition::ChunkSize,
            (_, left) => FramePosition::Chunk(left),
        };
        bytes.get(count..).unwrap_or_default()
    }

    fn take_line<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
            self.append(bytes);
            return &[];
        };
        let (line, rest) = bytes.split_at_checked(end).unwrap_or((bytes, &[]));
        self.append(line);
        let with_return = self.last == b'\r';
        if self.position == FramePosition::Head && !with_return {
            self.bare_line_feed = true;
        }
        self.end_line(self.length - usize::from(with_return));
        (self.filled, self.length, self.last) = (0, 0, 0);
        rest.get(1..).unwrap_or_default()
    }

    fn append(&mut self, bytes: &[u8]) {
        let room = self.line.get_mut(self.filled..).unwrap_or_default();
        let count = room.len().min(bytes.len());
        if let (Some(to), Some(from)) = (room.get_mut(..count), bytes.get(..count)) {
            to.copy_from_slice(from);
        }
        self.filled += count;
        self.length += bytes.len();
        self.last = bytes.last().copied().unwrap_or(self.last);
    }

    fn end_line(&mut self, length: usize) {
        let line = self.line.get(..self.filled.min(length)).unwrap_or_default();
        match self.position {
            FramePosition::Head if length == 0 && self.first_line => {}
            FramePosition::Head if length == 0 => self.end_head(),
            FramePosition::Head => {
                self.first_line = false;
                match header(line) {
                    Some((name, value)) if name.eq_ignore_ascii_case(b"content-length") => {
                        self.declared = number(value, 10).unwrap_or(u64::MAX);
                    }
                    Some((name, _)) if name.eq_ignore_ascii_case(b"transfer-encoding") => self.chunked = true,
                    _ => {}
                }
            }
            FramePosition::ChunkSize => {
                let digits = line.split(|byte| *byte == b';').next().unwrap_or_default();
                self.position = match number(digits.trim_ascii(), 16) {
                    Some(0) => FramePosition::Trailer,
                    Some(size) => FramePosition::Chunk(size.saturating_add(2)),
                    None => FramePosition::Lost,
                };
            }
            FramePosition::Trailer if length == 0 => self.position = FramePosition::Head,
            FramePosition::Trailer
            | FramePosition::Body(_)
            | FramePosition::Chunk(_)
            | FramePosition::Lost => {}
        }
    }

    fn end_head(&mut self) {
        self.position = match (self.chunked, self.declared) {
            (true, _) => FramePosition::ChunkSize,
            (false, 0) => FramePosition::Head,
            (false, length) => FramePosition::Body(length),
        };
        (self.declared, self.chunked, self.first_line) = (0, false, true);
    }
}

fn header(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = line.split_at_checked(colon)?;
    Some((name, value.get(1..)?.trim_ascii()))
}

fn number(digits: &[u8], radix: u32) -> Option<u64> {
    let text = std::str::from_utf8(digits).ok()?;
    text.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u64::from_str_radix(text, radix).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the result for the bytes fed in parts of `step` bytes.
    fn after(bytes: &str, step: usize) -> (bool, bool) {
        let mut framing = Framing::default();
        for part in bytes.as_bytes().chunks(step) {
            framing.feed(part);
        }
        (framing.has_bare_line_feed(), framing.is_in_body())
    }

    #[test]
    fn bare_line_feeds_and_incomplete_bodies_are_found_however_the_bytes_are_split() {
        let long = format!("GET /{} HTTP/1.1\r\nx: {}\r\n\r\n", "a".repeat(99), "b".repeat(99));
        for (bytes, bare, open) in [
            ("GET / HTTP/1.1\r\nhost: a\r\n\r\n", false, false),
            ("\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n", false, false),
            (&long, false, false),
            ("GET / HTTP/1.1\nhost: a\r\n\r\n", true, false),
            ("GET / HTTP/1.1\r\nhost: a\nx: y\r\n\r\n", true, false),
            ("GET / HTTP/1.1\r\nhost: a\r\n\n", true, false),
            ("POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\na\nb", false, true),
            ("POST / HTTP/1.1\r\ncontent-length:4\r\n\r\na\nb\n", false, false),
            ("POST / HTTP/1.1\r\ncontent-length: 1\r\n\r\naGET / HTTP/1.1\r\nx: y\n\r\n", true, false),
            ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=1\r\na\nb\r\n", false, true),
            (
                "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\ncontent-length: 9\r\n\r\n1\r\na\r\n0\r\nt: u\r\n",
                false,
                true,
            ),
            (
                "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1F\r\n0123456789012345678901234567890\r\n0\r\n\r\n",
                false,
                false,
            ),
            (
                "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\n\r\n",
                true,
                false,
            ),
            ("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\na\n", false, false),
        ] {
            for step in [1, 2, 3, 7, 1000] {
                assert_eq!(after(bytes, step), (bare, open), "{bytes:?} by {step}");
            }
        }
    }
}
