//! Messages of HTTP/1.1 with a known length, one after the other on one connection.

use std::io;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

/// Bytes that are read at once.
const CHUNK: usize = 16 * 1024;

/// Bytes that were read from a connection and not returned yet.
#[derive(Debug, Default)]
pub(super) struct Frames {
    buffer: Vec<u8>,
    taken: usize,
}

impl Frames {
    /// Returns the next message with head and body; `None` if the peer has closed the connection between two messages.
    pub(super) async fn next(&mut self, stream: &mut TcpStream) -> io::Result<Option<&[u8]>> {
        self.buffer.drain(..self.taken);
        self.taken = 0;
        loop {
            if let Some(length) = length(&self.buffer).filter(|length| *length <= self.buffer.len()) {
                self.taken = length;
                return Ok(self.buffer.get(..length));
            }
            self.buffer.reserve(CHUNK);
            if stream.read_buf(&mut self.buffer).await? == 0 {
                let broken = || io::Error::from(io::ErrorKind::UnexpectedEof);
                return if self.buffer.is_empty() { Ok(None) } else { Err(broken()) };
            }
        }
    }
}

/// Returns the length of the message at the start of `bytes`; `None` until its head is complete.
fn length(bytes: &[u8]) -> Option<usize> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = bytes.get(..end)?;
    let body = head.split(|byte| *byte == b'\n').find_map(|line| {
        let at = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = line.split_at_checked(at)?;
        let digits = std::str::from_utf8(value.get(1..)?).ok()?.trim();
        name.eq_ignore_ascii_case(b"content-length").then(|| digits.parse().ok())?
    });
    Some(end + body.unwrap_or(0))
}

/// Returns the status of an answer.
pub(super) fn status(answer: &[u8]) -> Option<u16> {
    std::str::from_utf8(answer.get(9..12)?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_a_message_follows_from_its_head() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP";
        assert_eq!(length(answer), Some(answer.len() - 4));
        assert_eq!(length(b"POST / HTTP/1.1\r\nhost: a\r\n\r\n"), Some(28));
        assert_eq!(length(b"POST / HTTP/1.1\r\nhost"), None);
        assert_eq!(status(answer), Some(200));
    }
}
