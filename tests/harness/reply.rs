//! What a receiver is told to answer: well, badly, late or not at all.

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// A door that holds answers back until a test opens it.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    /// Lets everything through from now on.
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
enum How {
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

/// What a receiver answers.
#[derive(Clone, Debug)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    gate: Option<Gate>,
    delay: Duration,
    how: How,
}

impl Reply {
    fn how(how: How) -> Self {
        Self { how, ..Self::json("{}") }
    }

    /// 200 with this body.
    pub fn json(body: impl AsRef<[u8]>) -> Self {
        Self::status(200).with_body(body).with("Content-Type", "application/json")
    }

    /// This status and an empty body.
    pub fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            gate: None,
            delay: Duration::ZERO,
            how: How::Whole,
        }
    }

    /// Reads the request and never answers; ends when the peer closes.
    pub fn hang() -> Self {
        Self::how(How::Hang)
    }

    /// Reads the request and resets the connection.
    pub fn reset() -> Self {
        Self::how(How::Reset)
    }

    /// Reads the request and closes the connection without a byte.
    pub fn close() -> Self {
        Self::how(How::Close)
    }

    /// Answers with these very bytes and closes.
    pub fn bytes(bytes: impl AsRef<[u8]>) -> Self {
        Self::how(How::Bytes(bytes.as_ref().to_vec()))
    }

    /// 200 and a chunked body that never ends.
    pub fn endless() -> Self {
        Self::how(How::Endless)
    }

    /// Sends a byte of the whole answer each `pace`.
    pub fn by_byte(mut self, pace: Duration) -> Self {
        self.how = How::ByByte(pace);
        self
    }

    /// Sends the body chunked, a few bytes a chunk.
    pub fn chunked(mut self) -> Self {
        self.how = How::Chunked;
        self
    }

    /// Announces one byte more than it sends, then closes.
    pub fn short(mut self) -> Self {
        self.how = How::Short;
        self
    }

    /// Waits for the gate before answering.
    pub fn behind(mut self, gate: &Gate) -> Self {
        self.gate = Some(gate.clone());
        self
    }

    /// Waits so long before answering.
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Adds a header.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the body.
    pub fn with_body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().to_vec();
        self
    }

    pub(crate) fn code(&self) -> u16 {
        self.status
    }

    fn head(&self) -> String {
        let mut head = format!("HTTP/1.1 {} Told\r\n", self.status);
        for (name, value) in &self.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        if matches!(self.how, How::ByByte(_)) {
            head.push_str("Connection: close\r\n");
        }
        let bare = self.status == 204 || self.status == 304;
        match self.how {
            How::Chunked | How::Endless => head.push_str("Transfer-Encoding: chunked\r\n"),
            _ if bare => {}
            _ => {
                let length = self.body.len() + usize::from(matches!(self.how, How::Short));
                let _ = write!(head, "Content-Length: {length}\r\n");
            }
        }
        head.push_str("\r\n");
        head
    }

    /// Writes the answer; `false` when the connection is over.
    pub(crate) fn write(&self, stream: &mut TcpStream) -> io::Result<bool> {
        if let Some(gate) = &self.gate {
            gate.pass();
        }
        std::thread::sleep(self.delay);
        match &self.how {
            How::Whole => {
                stream.write_all(&[self.head().as_bytes(), &self.body].concat())?;
                return Ok(true);
            }
            How::Chunked => {
                stream.write_all(self.head().as_bytes())?;
                for part in self.body.chunks(7) {
                    stream
                        .write_all(&[format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat())?;
                }
                stream.write_all(b"0\r\n\r\n")?;
                return Ok(true);
            }
            How::ByByte(pace) => {
                for byte in [self.head().as_bytes(), &self.body].concat() {
                    stream.write_all(&[byte])?;
                    std::thread::sleep(*pace);
                }
            }
            How::Short => stream.write_all(&[self.head().as_bytes(), &self.body].concat())?,
            How::Endless => {
                stream.write_all(self.head().as_bytes())?;
                let chunk = [b"1000\r\n".as_slice(), &[b' '; 0x1000], b"\r\n"].concat();
                loop {
                    stream.write_all(&chunk)?;
                }
            }
            How::Bytes(bytes) => stream.write_all(bytes)?,
            How::Hang => {
                stream.read_to_end(&mut Vec::new())?;
            }
            How::Reset => socket2::SockRef::from(&*stream).set_linger(Some(Duration::ZERO))?,
            How::Close => {}
        }
        Ok(false)
    }
}
