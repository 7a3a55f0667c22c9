//! A published event.

use crate::headers::PublishHeaders;
use crate::id::EventId;
use crate::name::{AppName, EventName};
use crate::time::Millis;
use bytes::Bytes;

/// An accepted event; the same for every hook it goes to.
#[derive(Debug, Clone)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// What it is called.
    pub name: EventName,
    /// Who published it; from the credential, never from the request.
    pub publisher: AppName,
    /// One JSON text, byte for byte as it was sent.
    pub body: Bytes,
    /// Headers that go out with every delivery.
    pub headers: PublishHeaders,
    /// When it was accepted.
    pub time: Millis,
}

/// What a publisher sent, checked but not yet accepted.
#[derive(Debug, Clone)]
pub struct EventDraft {
    /// What it is called.
    pub name: EventName,
    /// One JSON text, byte for byte.
    pub body: Bytes,
    /// Headers that go out with every delivery.
    pub headers: PublishHeaders,
    /// Only hooks of these apps get it; `None` leaves it to the hooks.
    pub subscribers: Option<Vec<AppName>>,
}
