//! The requests of probes: valid ones, and the ways in which they are made invalid.

use super::kind::Protocol;
use super::setup::ProbeSetup;
use crate::test_mark::{IS_TEST, TEST};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use footbridge_model::envelope::{self, Addressee};
use footbridge_model::event::Event;
use footbridge_model::exchange;
use footbridge_model::headers::PublishHeaders;
use footbridge_model::hook::HookType;
use footbridge_model::id::{EventId, ExchangeId};
use footbridge_model::lineage::Lineage;
use footbridge_model::name::{AppName, EventName};
use footbridge_model::provenance::{Provenance, Via};
use footbridge_model::time::Millis;
use http::Method;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use std::time::Duration;

const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// A request of a probe.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) method: Method,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// How long the second half of the request is held back.
    pub(super) pause: Option<Duration>,
}

/// The differences between a request and the usual one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draft<'a> {
    pub(super) name: &'a str,
    /// The time of the event and of the signature.
    pub(super) at: Millis,
    pub(super) payload: &'a [u8],
}

impl Message {
    /// A valid request. Returns `None` if the app's credentials cannot be sent.
    pub(super) fn valid(setup: &ProbeSetup, draft: Draft<'_>) -> Option<Self> {
        let number = setup.ids.next(setup.clock.now());
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(TEST, IS_TEST);
        let app = &setup.app;
        let (id, body) = match setup.protocol {
            Protocol::Event => {
                let id = EventId::from_number(number);
                (id.text(), event_body(setup, id, draft)?)
            }
            Protocol::Exchange => {
                let id = ExchangeId::from_number(number).text();
                headers.insert(AUTHORIZATION, app.authorization(draft.at)?.clone());
                headers.insert(
                    HeaderName::from_static("footbridge-exchange-id"),
                    HeaderValue::from_str(&id).ok()?,
                );
                let (host, miniapp) = &setup.parties;
                (id, exchange::body(miniapp, host, draft.name, draft.payload))
            }
        };
        app.sign(&mut headers, &id, &body, draft.at)?;
        Some(Self { method: Method::POST, headers, body, pause: None })
    }

    /// Gives the request a credential that is wrong.
    pub(super) fn with_wrong_credential(mut self, setup: &ProbeSetup, at: Millis) -> Option<Self> {
        match setup.protocol {
            Protocol::Event => {
                let mut other = HeaderMap::new();
                setup.app.sign(&mut other, "evt_0", b"another body", at)?;
                self.headers.insert(SIGNATURE, other.remove(SIGNATURE)?);
            }
            Protocol::Exchange => {
                let pair = STANDARD.encode(format!("{}:wrong", setup.app.app.name));
                let value = format!("{} {pair}", setup.app.app.token_prefix);
                self.headers.insert(AUTHORIZATION, HeaderValue::from_str(&value).ok()?);
            }
        }
        Some(self)
    }

    /// Removes everything that proves who has sent the request.
    pub(super) fn without_credential(mut self, protocol: Protocol) -> Self {
        if protocol == Protocol::Exchange {
            self.headers.remove(AUTHORIZATION);
        }
        for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
            self.headers.remove(name);
        }
        self
    }
}

fn event_body(setup: &ProbeSetup, id: EventId, draft: Draft<'_>) -> Option<Bytes> {
    let event = Event {
        id,
        name: EventName::parse(draft.name).ok()?,
        publisher: AppName::clone(&setup.app.app.name),
        body: Bytes::copy_from_slice(draft.payload),
        headers: PublishHeaders::default(),
        time: draft.at,
        lineage: Lineage::default(),
        provenance: Provenance { via: Via::Console, test: true, trace: None },
    };
    let token = setup.app.token(draft.at);
    Some(envelope::write(
        &event,
        draft.at,
        Addressee { kind: HookType::Web, token, public_url: &setup.public_url },
    ))
}
