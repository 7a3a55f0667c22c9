//! Just enough HTTP/1.1 to be a receiver.

use footbridge_model::id::{DeliveryId, EventId};
use tokio::io::{AsyncReadExt as _, DuplexStream};

/// A request as far as a receiver cares.
#[derive(Debug)]
pub(super) struct Request {
    /// The number of the hook in its path.
    pub(super) hook: u64,
    pub(super) event: EventId,
    pub(super) delivery: DeliveryId,
    pub(super) attempt: u32,
    pub(super) mark: u64,
}

/// The next request of a connection, or nothing when it ends first.
pub(super) async fn read(stream: &mut DuplexStream) -> Option<Request> {
    let mut held = Vec::new();
    loop {
        if stream.read_buf(&mut held).await.ok()? == 0 {
            return None;
        }
        let text = std::str::from_utf8(&held).unwrap();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        if body.len() >= header(head, "content-length").parse().unwrap() {
            return Some(request(head, body));
        }
    }
}

fn request(head: &str, body: &str) -> Request {
    let envelope: serde_json::Value = serde_json::from_str(body).unwrap();
    let path = head.split(' ').nth(1).unwrap();
    let event: EventId = header(head, "webhook-id").parse().unwrap();
    assert_eq!(envelope["id"], event.text(), "the envelope is of another event than its headers");
    Request {
        hook: path.trim_start_matches("/h").parse().unwrap(),
        event,
        delivery: header(head, "footbridge-delivery-id").parse().unwrap(),
        attempt: header(head, "footbridge-attempt").parse().unwrap(),
        mark: envelope["body"]["mark"].as_u64().unwrap(),
    }
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    lines.find(|(given, _)| given.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value.trim())
}

/// An answer, whole.
pub(super) fn answer(status: u16, ask: Option<u64>) -> String {
    let asked = ask.map_or_else(String::new, |seconds| format!("retry-after: {seconds}\r\n"));
    let body = if status == 204 { "\r\n" } else { "content-length: 2\r\n\r\nok" };
    format!("HTTP/1.1 {status} Said\r\n{asked}{body}")
}
