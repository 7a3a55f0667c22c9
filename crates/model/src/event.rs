//! Published events.

use crate::headers::PublishHeaders;
use crate::id::EventId;
use crate::lineage::Lineage;
use crate::name::{AppName, EventName};
use crate::provenance::Provenance;
use crate::time::Millis;
use bytes::Bytes;

/// An accepted event.
#[derive(Debug, Clone)]
pub struct Event {
    /// The id of the event.
    pub id: EventId,
    /// The name of the event.
    pub name: EventName,
    /// The app that published it; taken from the credentials, never from the request.
    pub publisher: AppName,
    /// One JSON text, byte for byte as it was published.
    pub body: Bytes,
    /// Headers that are sent with every delivery.
    pub headers: PublishHeaders,
    /// The time of acceptance.
    pub time: Millis,
    /// The chain of events that caused it.
    pub lineage: Lineage,
    /// The way by which it came, and its trace.
    pub provenance: Provenance,
}

/// An event that a publisher wants to publish, parsed and checked.
#[derive(Debug, Clone)]
pub struct EventDraft {
    /// The name of the event.
    pub name: EventName,
    /// One JSON text; reaches subscribers byte for byte.
    pub body: Bytes,
    /// Headers that are sent with every delivery.
    pub headers: PublishHeaders,
    /// Only hooks of these apps receive it; `None` for all matching hooks.
    pub subscribers: Option<Vec<AppName>>,
    /// The way by which it came, and its trace.
    pub provenance: Provenance,
}

/// The events about an app that never start this app. The app gets one attempt of each.
const ABOUT_ITSELF: [&str; 4] = ["app-starting", "app-stopping", "app-stopped", "app-uninstalling"];

impl Event {
    /// The app that an event of the server is about.
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

    /// The app that this event is about, if the event must not start that app.
    pub fn subject(&self) -> Option<AppName> {
        ABOUT_ITSELF.contains(&self.name.as_str()).then(|| self.about())?
    }
}
