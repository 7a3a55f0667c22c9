//! A published event.

use crate::headers::PublishHeaders;
use crate::id::EventId;
use crate::lineage::Lineage;
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
    /// Which events led to it.
    pub lineage: Lineage,
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

/// The events about an app that are for itself alone or that find it stopped: one attempt, and they
/// never start it.
const ABOUT_ITSELF: [&str; 4] = ["app-starting", "app-stopping", "app-stopped", "app-uninstalling"];

impl Event {
    /// The app that an event of the server names.
    pub fn about(&self) -> Option<AppName> {
        #[derive(serde::Deserialize)]
        struct Body<'a> {
            #[serde(borrow)]
            name: Option<std::borrow::Cow<'a, str>>,
            #[serde(borrow, rename = "appName")]
            app_name: Option<std::borrow::Cow<'a, str>>,
        }
        if self.publisher.as_str() != "bolt" {
            return None;
        }
        let body: Body<'_> = serde_json::from_slice(&self.body).ok()?;
        body.app_name.or(body.name).and_then(|name| AppName::find(&name))
    }

    /// The app that this event tells the life of, when it is one of those that never start their own
    /// subject.
    pub fn subject(&self) -> Option<AppName> {
        ABOUT_ITSELF.contains(&self.name.as_str()).then(|| self.about())?
    }
}
