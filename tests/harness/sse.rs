//! A client of server-sent events.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use crate::gateway::Gateway;

/// One event of a stream.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct SseEvent {
    /// The name of the event.
    pub name: String,
    /// The id of the event; empty if it has none.
    pub id: String,
    /// The data of the event.
    pub data: Value,
}

/// An open stream of the administration API. It uses HTTP/1.0, which has no chunked coding.
#[derive(Debug)]
pub struct Sse {
    lines: BufReader<TcpStream>,
}

impl Sse {
    /// Opens a stream with the admin token; `tail` follows `/api/v1/` in the path.
    #[track_caller]
    pub fn open(gateway: &Gateway, tail: &str, last_event_id: Option<&str>) -> Self {
        let header = last_event_id.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
        let token = crate::ADMIN_TOKEN;
        Self::open_with(gateway.address(), tail, &format!("Authorization: Bearer {token}\r\n{header}"))
    }

    /// Opens a stream with these lines of headers; `tail` follows `/api/v1/` in the path.
    #[track_caller]
    pub fn open_with(address: SocketAddr, tail: &str, headers: &str) -> Self {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        write!(stream, "GET /api/v1/{tail} HTTP/1.0\r\nHost: {address}\r\n{headers}\r\n").unwrap();
        let mut stream = Self { lines: BufReader::new(stream) };
        let status = stream.line().unwrap();
        assert!(status.ends_with(" 200 OK"), "{status}");
        while !stream.line().unwrap().is_empty() {}
        stream
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        (self.lines.read_line(&mut line).expect("a line") > 0).then(|| line.trim_end().to_owned())
    }

    /// Waits for the next event; `None` at the end of the stream.
    pub fn next_event(&mut self) -> Option<SseEvent> {
        let mut event = SseEvent::default();
        loop {
            let line = self.line()?;
            match line.split_once(": ") {
                Some(("event", name)) => name.clone_into(&mut event.name),
                Some(("id", id)) => id.clone_into(&mut event.id),
                Some(("data", data)) => event.data = serde_json::from_str(data).expect(data),
                _ if line.is_empty() && !event.name.is_empty() => return Some(event),
                _ => {}
            }
        }
    }

    /// Waits for the next event with this name, and returns its data. Other events are skipped.
    #[track_caller]
    pub fn wait(&mut self, name: &str) -> Value {
        loop {
            let event = self.next_event().expect("the stream goes on");
            if event.name == name {
                return event.data;
            }
        }
    }

    /// Closes the connection to the server.
    pub fn hang_up(self) {
        let _ = self.lines.get_ref().shutdown(Shutdown::Both);
    }
}
