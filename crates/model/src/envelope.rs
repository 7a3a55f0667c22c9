//! The envelope: the object that a subscriber receives. It is written for every attempt, around the publisher's bytes.

use crate::event::Event;
use crate::hook::HookType;
use crate::time::Millis;
use bytes::{BufMut as _, Bytes, BytesMut};
use std::fmt::Write as _;

/// The parts of an envelope that depend on the receiver. An envelope never holds the token of another app.
#[derive(Debug, Clone, Copy)]
pub struct Addressee<'a> {
    /// The type of the hook.
    pub kind: HookType,
    /// The app token of the subscriber; empty if another app would see it.
    pub token: &'a str,
    /// The URL at which apps reach this server; Bolt calls it `BOLT_ADDRESS`.
    pub public_url: &'a str,
}

/// Writes an envelope. Only `server` and `router` hooks get `token`, unless it is empty; only `web` hooks get `bolt`.
pub fn write(event: &Event, dispatched: Millis, to: Addressee<'_>) -> Bytes {
    write_around(event, dispatched, to, |out| out.0.put_slice(&event.body))
}

/// Writes the envelope of an event about the receiver itself. Adds the receiver's token as `appToken` to the body of
/// `app-starting`: the journal does not store the token.
pub fn write_to_itself(event: &Event, dispatched: Millis, to: Addressee<'_>) -> Bytes {
    let rest = event.body.strip_prefix(b"{").filter(|_| event.name.as_str() == "app-starting");
    let Some(rest) = rest else { return write(event, dispatched, to) };
    write_around(event, dispatched, to, |out| {
        out.text("{\"appToken\":");
        out.string(to.token);
        out.text(if rest.first() == Some(&b'}') { "" } else { "," });
        out.0.put_slice(rest);
    })
}

fn write_around(
    event: &Event,
    dispatched: Millis,
    to: Addressee<'_>,
    body: impl FnOnce(&mut Writer),
) -> Bytes {
    let mut out = Writer(BytesMut::with_capacity(event.body.len() + 400));
    out.text("{\"id\":\"");
    // Writing to a growing buffer cannot fail.
    let _ = write!(out, "{}", event.id);
    out.text("\",\"name\":");
    out.string(event.name.as_str());
    out.text(",\"publisher\":");
    out.string(event.publisher.as_str());
    out.text(",\"body\":");
    body(&mut out);
    let _ = write!(out, ",\"time\":\"{}\",\"dispatchTime\":\"{dispatched}\"", event.time);
    match to.kind {
        HookType::Server | HookType::Router if to.token.is_empty() => {}
        HookType::Server | HookType::Router => {
            out.text(",\"token\":");
            out.string(to.token);
        }
        HookType::Web => {
            out.text(",\"bolt\":{\"address\":");
            out.string(to.public_url);
            out.text("}");
        }
        HookType::Function => {}
    }
    out.text("}");
    out.0.freeze()
}

struct Writer(BytesMut);

impl Writer {
    fn text(&mut self, text: &str) {
        self.0.put_slice(text.as_bytes());
    }

    fn string(&mut self, text: &str) {
        // A string always serialises.
        self.text(&serde_json::to_string(text).unwrap_or_default());
    }
}

impl std::fmt::Write for Writer {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.text(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::headers::PublishHeaders;
    use crate::id::EventId;
    use crate::name::{AppName, EventName};
    use crate::provenance::Provenance;
    use proptest::prelude::*;

    fn event(name: &str, body: &'static str) -> Event {
        Event {
            id: EventId::from_number(7),
            name: EventName::parse(name).unwrap(),
            publisher: AppName::parse("camera").unwrap(),
            body: Bytes::from_static(body.as_bytes()),
            headers: PublishHeaders::default(),
            time: Millis(1_700_000_000_123),
            lineage: crate::lineage::Lineage::default(),
            provenance: Provenance::default(),
        }
    }

    #[test]
    fn members_by_hook_type() {
        let event = event("photo-saved", "{\"n\": 1.50 }");
        let to = |kind| Addressee { kind, token: "tok", public_url: "http://x:1" };
        let head = concat!(
            r#"{"id":"evt_0000000000007","name":"photo-saved","publisher":"camera","body":{"n": 1.50 },"#,
            r#""time":"2023-11-14T22:13:20.123Z","dispatchTime":"1970-01-01T00:00:00.000Z""#
        );
        assert_eq!(write(&event, Millis(0), to(HookType::Server)), format!("{head},\"token\":\"tok\"}}"));
        assert_eq!(write(&event, Millis(0), to(HookType::Router)), format!("{head},\"token\":\"tok\"}}"));
        let web = format!("{head},\"bolt\":{{\"address\":\"http://x:1\"}}}}");
        assert_eq!(write(&event, Millis(0), to(HookType::Web)), web);
        assert_eq!(write(&event, Millis(0), to(HookType::Function)), format!("{head}}}"));
    }

    proptest! {
        #[test]
        fn any_name_gives_json_and_a_web_envelope_never_the_token(name in "[^/\\\\*\\p{Cc}]{1,40}") {
            prop_assume!(EventName::parse(&name).is_ok());
            let event = event(&name, "[]");
            let to = Addressee { kind: HookType::Web, token: "TOKEN-OF-IT", public_url: "http://x" };
            let bytes = write(&event, Millis(0), to);
            let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            prop_assert_eq!(value["name"].as_str().unwrap(), event.name.as_str());
            prop_assert!(!String::from_utf8_lossy(&bytes).contains("TOKEN-OF-IT"));
        }
    }
}
