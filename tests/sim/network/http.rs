//! The HTTP/1.1 of a simulated receiver.

use footbridge_model::id::{DeliveryId, EventId, ExchangeId};
use footbridge_model::run::RUN_SECRET;
use tokio::io::{AsyncReadExt as _, DuplexStream};

/// The path of every exchange receiver.
pub(crate) const EXCHANGE_PATH: &str = "/bridge";

/// A request to a receiver.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) content: Content,
    /// The secret of a run, which the server sends to installed apps only.
    pub(super) run_secret: Option<String>,
}

#[derive(Debug)]
pub(super) enum Content {
    Delivery(DeliveryRequest),
    Exchange {
        id: ExchangeId,
        mark: u64,
    },
    /// A delivery about the start or end of an installed app, to that app.
    Lifecycle,
}

/// A delivery request.
#[derive(Debug)]
pub(super) struct DeliveryRequest {
    /// The number of the hook, from the path.
    pub(super) hook: u64,
    pub(super) event: EventId,
    pub(super) delivery: DeliveryId,
    pub(super) attempt: u32,
    /// The marker in the body; 0 in an event of the server itself.
    pub(super) mark: u64,
}

/// Reads the next request; `None` if the connection ends first.
pub(super) async fn read(stream: &mut DuplexStream) -> Option<Request> {
    let mut held = Vec::new();
    loop {
        if stream.read_buf(&mut held).await.ok()? == 0 {
            return None;
        }
        let text = std::str::from_utf8(&held).unwrap();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        if body.len() >= header(head, "content-length").parse().unwrap() {
            let run_secret = Some(header(head, RUN_SECRET).to_owned()).filter(|secret| !secret.is_empty());
            return Some(Request { content: content(head, body), run_secret });
        }
    }
}

fn content(head: &str, body: &str) -> Content {
    let json: serde_json::Value = serde_json::from_str(body).unwrap();
    let path = head.split(' ').nth(1).unwrap();
    if path == EXCHANGE_PATH {
        let id: ExchangeId = header(head, "footbridge-exchange-id").parse().unwrap();
        return Content::Exchange { id, mark: json["payload"]["mark"].as_u64().unwrap() };
    }
    let Some(hook) = crate::actions::number_of(path) else { return Content::Lifecycle };
    let event: EventId = header(head, "webhook-id").parse().unwrap();
    assert_eq!(json["id"], event.text(), "the envelope is of another event than its headers");
    Content::Delivery(DeliveryRequest {
        hook,
        event,
        delivery: header(head, "footbridge-delivery-id").parse().unwrap(),
        attempt: header(head, "footbridge-attempt").parse().unwrap(),
        mark: json["body"]["mark"].as_u64().unwrap_or(0),
    })
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    lines.find(|(given, _)| given.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value.trim())
}

/// Writes a complete answer.
pub(super) fn answer(status: u16, ask: Option<u64>, body: &str) -> String {
    let asked = ask.map_or_else(String::new, |seconds| format!("retry-after: {seconds}\r\n"));
    let rest = if status == 204 {
        "\r\n".to_owned()
    } else {
        format!("content-length: {}\r\n\r\n{body}", body.len())
    };
    format!("HTTP/1.1 {status} Said\r\n{asked}{rest}")
}
