//! What this chapter's tests begin with.

use harness::{Answer, App, Gateway, Raw, Setup, refused_address};
use serde_json::{Value, json};

/// `fax` hooks everything of `camera` twice over and its own events; `shop` hooks nothing of it. Nobody answers them.
pub(super) fn setup() -> Setup {
    let nobody = format!("http://{}/x", refused_address());
    let web = |pattern: &str| format!("{pattern:?} = {{ route = {nobody:?}, type = \"web\" }}");
    let fax = App::new("fax").hooks(&[web("camera/*"), web("*/photo-saved"), web("fax/*")].join(", "));
    Setup::new().app(fax).app(App::new("shop").hooks(&web("shop/*"))).app(App::new("camera"))
}

/// A server with these apps.
pub(super) fn stand() -> Gateway {
    setup().start()
}

/// Asks for a ticket with an app's token.
pub(super) fn ask(gateway: &Gateway, app: &str, request: &Value) -> Answer {
    let token = gateway.setup().app_named(app).token.clone();
    gateway.call("POST", "/api/v1/tickets").header("X-Bolt-App-Token", token).json(request).send()
}

/// A ticket of an app for `live` or `forward`.
pub(super) fn ticket(gateway: &Gateway, app: &str, for_use: &str) -> String {
    ask(gateway, app, &json!({ "use": for_use })).expect(200).json()["ticket"].as_str().unwrap().to_owned()
}

/// Publishes as an app; the event's id.
pub(super) fn publish(gateway: &Gateway, app: &str, name: &str, body: &Value) -> String {
    gateway.bolt(app).publish(name, &json!({ "body": body }))["id"].as_str().unwrap().to_owned()
}

/// One frame of a stream: its event, id and data.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Frame {
    pub(super) event: String,
    pub(super) id: String,
    pub(super) data: Value,
}

/// A stream of events read by hand; by HTTP/1.0, which has no chunks.
pub(super) struct Stream(Raw);

impl Stream {
    /// Opens it with a ticket.
    pub(super) fn open(gateway: &Gateway, ticket: &str, last: Option<&str>) -> Self {
        let last = last.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
        let mut raw = Raw::connect(gateway.address());
        raw.send(format!("GET /api/v1/events/stream?ticket={ticket} HTTP/1.0\r\n{last}\r\n"));
        let head = raw.until("retry: 2000\n\n");
        assert!(head.starts_with("HTTP/1.") && head.contains(" 200 OK"), "{head}");
        assert!(head.contains("content-type: text/event-stream"), "{head}");
        Self(raw)
    }

    /// The next frame that is not a comment.
    pub(super) fn next(&mut self) -> Frame {
        loop {
            let text = self.0.until("\n\n");
            let of = |name: &str| {
                text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned()
            };
            let data = of("data: ");
            if !data.is_empty() {
                let data = serde_json::from_str(&data).unwrap_or_else(|error| panic!("{error}: {text:?}"));
                return Frame { event: of("event: "), id: of("id: "), data };
            }
        }
    }

    /// The name of the next event.
    pub(super) fn name(&mut self) -> String {
        self.next().data["name"].as_str().unwrap_or_default().to_owned()
    }

    /// Everything that still comes until the server ends it.
    pub(super) fn rest(&mut self) -> String {
        self.0.rest()
    }
}
