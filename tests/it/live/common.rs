//! Setups and helpers of this chapter's tests.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use harness::{Answer, App, Gateway, Setup, refused_address};
use serde_json::{Value, json};

/// `fax` has two hooks that match events of `camera` and one on its own events; `shop` has none of these. All
/// deliveries fail.
pub(super) fn setup() -> Setup {
    let nobody = format!("http://{}/x", refused_address());
    let web = |pattern: &str| format!("{pattern:?} = {{ route = {nobody:?}, type = \"web\" }}");
    let fax = App::new("fax").hooks(&[web("camera/*"), web("*/photo-saved"), web("fax/*")].join(", "));
    Setup::new().app(fax).app(App::new("shop").hooks(&web("shop/*"))).app(App::new("camera"))
}

/// Starts a server with these apps.
pub(super) fn start_server() -> Gateway {
    setup().start()
}

/// Requests a ticket with an app's token.
pub(super) fn ask(gateway: &Gateway, app: &str, request: &Value) -> Answer {
    let token = gateway.setup().app_named(app).token.clone();
    gateway.call("POST", "/api/v1/tickets").header("X-Bolt-App-Token", token).json(request).send()
}

/// Returns a ticket of an app for `live` or `forward`.
pub(super) fn ticket(gateway: &Gateway, app: &str, for_use: &str) -> String {
    ask(gateway, app, &json!({ "use": for_use })).expect(200).json()["ticket"].as_str().unwrap().to_owned()
}

/// Publishes as an app and returns the event's id.
pub(super) fn publish(gateway: &Gateway, app: &str, name: &str, body: &Value) -> String {
    gateway.bolt(app).publish(name, &json!({ "body": body }))["id"].as_str().unwrap().to_owned()
}

/// One frame of a stream: its event, cursor and data.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Frame {
    pub(super) event: String,
    pub(super) cursor: String,
    pub(super) data: Value,
}

impl Frame {
    /// The id of the event.
    pub(super) fn event_id(&self) -> &str {
        self.data["id"].as_str().unwrap_or_default()
    }
}

/// A client of the event stream. It uses HTTP/1.0, which has no chunked coding.
pub(super) struct Stream {
    lines: BufReader<TcpStream>,
    /// The cursor for `Last-Event-ID` when reconnecting.
    pub(super) last: Option<String>,
}

impl Stream {
    /// Opens a stream with a ticket.
    pub(super) fn open(gateway: &Gateway, ticket: &str, last: Option<&str>) -> Self {
        let header = last.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
        let mut stream = TcpStream::connect(gateway.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        write!(stream, "GET /api/v1/events/stream?ticket={ticket} HTTP/1.0\r\n{header}\r\n").unwrap();
        let mut stream = Self { lines: BufReader::new(stream), last: last.map(str::to_owned) };
        let mut head = Vec::new();
        while head.last().is_none_or(|line| line != "retry: 2000") {
            head.push(stream.line());
        }
        assert!(head[0].ends_with(" 200 OK"), "{head:?}");
        assert!(head.iter().any(|line| line == "content-type: text/event-stream"), "{head:?}");
        stream
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        assert!(self.lines.read_line(&mut line).expect("a line") > 0, "the stream has ended");
        line.trim_end().to_owned()
    }

    /// The next frame with an event.
    pub(super) fn next(&mut self) -> Frame {
        let mut frame = Frame::default();
        loop {
            let line = self.line();
            match line.split_once(": ") {
                Some(("event", event)) => event.clone_into(&mut frame.event),
                Some(("id", cursor)) => cursor.clone_into(&mut frame.cursor),
                Some(("data", data)) => frame.data = serde_json::from_str(data).expect(data),
                _ if line.is_empty() => {
                    if !frame.cursor.is_empty() {
                        self.last = Some(frame.cursor.clone());
                    }
                    if !frame.data.is_null() {
                        return frame;
                    }
                    frame = Frame::default();
                }
                _ => {}
            }
        }
    }

    /// The name of the next event.
    pub(super) fn name(&mut self) -> String {
        self.next().data["name"].as_str().unwrap_or_default().to_owned()
    }

    /// Returns true if the stream stays open and nothing arrives within `time`.
    pub(super) fn is_silent(&mut self, time: Duration) -> bool {
        self.lines.get_ref().set_read_timeout(Some(time)).unwrap();
        let came = self.lines.fill_buf().map(<[u8]>::len);
        self.lines.get_ref().set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        came.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
    }

    /// Waits until the server closes the stream.
    pub(super) fn ended(&mut self) {
        let mut rest = Vec::new();
        // A reset counts as a close.
        let _reset = self.lines.read_to_end(&mut rest);
    }
}
