//! Where requests begin and end among the bytes of a connection. HTTP itself is hyper's business; this tells what
//! hyper does not: that a line ends without its carriage return, and that a body is still to come.

/// What the bytes so far lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Within a line of a head.
    Head,
    /// So many bytes of a body are left.
    Body(u64),
    /// Within the line that says how long a piece is.
    Size,
    /// So many bytes of a piece are left, its line end included.
    Piece(u64),
    /// Within a line behind the last piece.
    Trailer,
    /// No longer known: not HTTP as hyper takes it either.
    Lost,
}

/// The longest beginning of a line that is looked at.
const LINE: usize = 40;

/// Follows the requests of one connection.
#[derive(Debug)]
pub(super) struct Framing {
    place: Place,
    line: [u8; LINE],
    filled: usize,
    /// The length of the line so far.
    length: usize,
    last: u8,
    declared: u64,
    chunked: bool,
    first_line: bool,
    bare: bool,
}

impl Default for Framing {
    fn default() -> Self {
        Self {
            place: Place::Head,
            line: [0; LINE],
            filled: 0,
            length: 0,
            last: 0,
            declared: 0,
            chunked: false,
            first_line: true,
            bare: false,
        }
    }
}

impl Framing {
    /// The next bytes of the connection.
    pub(super) fn feed(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.place != Place::Lost {
            bytes = match self.place {
                Place::Body(left) | Place::Piece(left) => self.skip(left, bytes),
                _ => self.take_line(bytes),
            };
        }
    }

    /// Whether a line of a head ended without a carriage return.
    pub(super) fn has_bare_line(&self) -> bool {
        self.bare
    }

    /// Whether a request has begun to come whose body is not whole yet.
    pub(super) fn is_in_body(&self) -> bool {
        matches!(self.place, Place::Body(_) | Place::Size | Place::Piece(_) | Place::Trailer)
    }

    fn skip<'a>(&mut self, left: u64, bytes: &'a [u8]) -> &'a [u8] {
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        let left = left - count as u64;
        self.place = match (self.place, left) {
            (Place::Body(_), 0) => Place::Head,
            (Place::Body(_), left) => Place::Body(left),
            (_, 0) => Place::Size,
            (_, left) => Place::Piece(left),
        };
        bytes.get(count..).unwrap_or_default()
    }

    fn take_line<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
            self.keep(bytes);
            return &[];
        };
        let (line, rest) = bytes.split_at_checked(end).unwrap_or((bytes, &[]));
        self.keep(line);
        let with_return = self.last == b'\r';
        if self.place == Place::Head && !with_return {
            self.bare = true;
        }
        self.end_line(self.length - usize::from(with_return));
        (self.filled, self.length, self.last) = (0, 0, 0);
        rest.get(1..).unwrap_or_default()
    }

    fn keep(&mut self, bytes: &[u8]) {
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
        match self.place {
            Place::Head if length == 0 && self.first_line => {}
            Place::Head if length == 0 => self.end_head(),
            Place::Head => {
                self.first_line = false;
                match header(line) {
                    Some((name, value)) if name.eq_ignore_ascii_case(b"content-length") => {
                        self.declared = number(value, 10).unwrap_or(u64::MAX);
                    }
                    Some((name, _)) if name.eq_ignore_ascii_case(b"transfer-encoding") => self.chunked = true,
                    _ => {}
                }
            }
            Place::Size => {
                let digits = line.split(|byte| *byte == b';').next().unwrap_or_default();
                self.place = match number(digits.trim_ascii(), 16) {
                    Some(0) => Place::Trailer,
                    Some(size) => Place::Piece(size.saturating_add(2)),
                    None => Place::Lost,
                };
            }
            Place::Trailer if length == 0 => self.place = Place::Head,
            Place::Trailer | Place::Body(_) | Place::Piece(_) | Place::Lost => {}
        }
    }

    fn end_head(&mut self) {
        self.place = match (self.chunked, self.declared) {
            (true, _) => Place::Size,
            (false, 0) => Place::Head,
            (false, length) => Place::Body(length),
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

    /// The same however the bytes are cut.
    fn after(bytes: &str, step: usize) -> (bool, bool) {
        let mut framing = Framing::default();
        for piece in bytes.as_bytes().chunks(step) {
            framing.feed(piece);
        }
        (framing.has_bare_line(), framing.is_in_body())
    }

    #[test]
    fn bare_lines_and_open_bodies_are_seen_however_the_bytes_are_cut() {
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
