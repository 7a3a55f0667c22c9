//! Replies of a receiver: successful, failing, late or absent.

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// A gate that holds replies back until a test opens it.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    /// Releases all waiting and later replies.
    pub fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    fn pass(&self) {
        let mut open = self.0.0.lock().unwrap();
        while !*open {
            open = self.0.1.wait(open).unwrap();
        }
    }
}

#[derive(Clone, Debug)]
enum ReplyMode {
    Whole,
    Chunked,
    ByByte(Duration),
    Short,
    Endless,
    Bytes(Vec<u8>),
    Hang,
    Reset,
    Close,
}

/// A reply of a receiver.
#[derive(Clone, Debug)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    gate: Option<Gate>,
    delay: Duration,
    mode: ReplyMode,
}

impl Reply {
    fn with_mode(mode: ReplyMode) -> Self {
        Self { mode, ..Self::json("{}") }
    }

    /// Status 200 with this JSON body.
    pub fn json(body: impl AsRef<[u8]>) -> Self {
        Self::status(200).with_body(body).with("Content-Type", "application/json")
    }

    /// This status with an empty body.
    pub fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            gate: None,
            delay: Duration::ZERO,
            mode: ReplyMode::Whole,
        }
    }

    /// Reads the request and never answers; ends when the peer closes the connection.
    pub fn hang() -> Self {
        Self::with_mode(ReplyMode::Hang)
    }

    /// Reads the request and resets the connection.
    pub fn reset() -> Self {
        Self::with_mode(ReplyMode::Reset)
    }

    /// Reads the request and closes the connection without sending a byte.
    pub fn close() -> Self {
        Self::with_mode(ReplyMode::Close)
    }

    /// Answers with exactly these bytes and closes the connection.
    pub fn bytes(bytes: impl AsRef<[u8]>) -> Self {
        Self::with_mode(ReplyMode::Bytes(bytes.as_ref().to_vec()))
    }

    /// Status 200 with a chunked body that never ends.
    pub fn endless() -> Self {
        Self::with_mode(ReplyMode::Endless)
    }

    /// Sends the reply one byte at a time, with a pause of `interval` after each.
    pub fn by_byte(mut self, interval: Duration) -> Self {
        self.mode = ReplyMode::ByByte(interval);
        self
    }

    /// Sends the body in chunks of a few bytes.
    pub fn chunked(mut self) -> Self {
        self.mode = ReplyMode::Chunked;
        self
    }

    /// Announces one byte more than it sends, then closes the connection.
    pub fn short(mut self) -> Self {
        self.mode = ReplyMode::Short;
        self
    }

    /// Holds the reply back until the gate opens.
    pub fn behind(mut self, gate: &Gate) -> Self {
        self.gate = Some(gate.clone());
        self
    }

    /// Waits for `delay` before answering.
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Adds a header to the reply.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the body of the reply.
    pub fn with_body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().to_vec();
        self
    }

    pub(crate) fn code(&self) -> u16 {
        self.status
    }

    fn head(&self) -> String {
        let mut head = format!("HTTP/1.1 {} Reply\r\n", self.status);
        for (name, value) in &self.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        if matches!(self.mode, ReplyMode::ByByte(_)) {
            head.push_str("Connection: close\r\n");
        }
        let bare = self.status == 204 || self.status == 304;
        match self.mode {
            ReplyMode::Chunked | ReplyMode::Endless => head.push_str("Transfer-Encoding: chunked\r\n"),
            _ if bare => {}
            _ => {
                let length = self.body.len() + usize::from(matches!(self.mode, ReplyMode::Short));
                let _ = write!(head, "Content-Length: {length}\r\n");
            }
        }
        head.push_str("\r\n");
        head
    }

    /// Writes the reply. Returns false if the connection must be closed afterwards.
    pub(crate) fn write(&self, stream: &mut TcpStream) -> io::Result<bool> {
        if let Some(gate) = &self.gate {
            gate.pass();
        }
        std::thread::sleep(self.delay);
        match &self.mode {
            ReplyMode::Whole => {
                stream.write_all(&[self.head().as_bytes(), &self.body].concat())?;
                return Ok(true);
            }
            ReplyMode::Chunked => {
                stream.write_all(self.head().as_bytes())?;
                for part in self.body.chunks(7) {
                    stream
                        .write_all(&[format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat())?;
                }
                stream.write_all(b"0\r\n\r\n")?;
                return Ok(true);
            }
            ReplyMode::ByByte(interval) => {
                for byte in [self.head().as_bytes(), &self.body].concat() {
                    stream.write_all(&[byte])?;
                    std::thread::sleep(*interval);
                }
            }
            ReplyMode::Short => stream.write_all(&[self.head().as_bytes(), &self.body].concat())?,
            ReplyMode::Endless => {
                stream.write_all(self.head().as_bytes())?;
                let chunk = [b"1000\r\n".as_slice(), &[b' '; 0x1000], b"\r\n"].concat();
                loop {
                    stream.write_all(&chunk)?;
                }
            }
            ReplyMode::Bytes(bytes) => stream.write_all(bytes)?,
            ReplyMode::Hang => {
                stream.read_to_end(&mut Vec::new())?;
            }
            ReplyMode::Reset => socket2::SockRef::from(&*stream).set_linger(Some(Duration::ZERO))?,
            ReplyMode::Close => {}
        }
        Ok(false)
    }
}
