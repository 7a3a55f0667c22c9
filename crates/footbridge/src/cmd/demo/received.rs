//! The requests that the sample apps got, for the output of the demo.

use std::time::Duration;

use footbridge_model::time::Millis;
use serde_json::{Value, json};
use tokio::{sync::mpsc::Receiver, time::timeout};

use super::error::DemoError;

/// Time limit for a request in a step. The longest wait between two attempts is a second.
const SOON: Duration = Duration::from_secs(10);

/// One request that a sample app got and answered.
#[derive(Debug, Clone)]
pub(super) struct Received {
    /// The name of the app.
    pub(super) app: &'static str,
    pub(super) what: RequestKind,
    /// `webhook-id`: the id of the exchange or of the event. An event has the same id in every attempt and at every hook.
    pub(super) id: String,
    /// The time at which it arrived.
    pub(super) at: Millis,
    pub(super) body: Value,
    /// The status of the answer; `None` if the app closed the connection.
    pub(super) status: Option<u16>,
    pub(super) answer: Value,
    /// The reason why the app refused the request, if it did.
    pub(super) distrust: Option<String>,
}

/// The kind of a request to a sample app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RequestKind {
    /// An exchange, whose answer goes back to the sender.
    Exchange {
        /// The member `event_type` of the body.
        event_type: String,
    },
    /// An attempt to deliver a published event.
    Event {
        /// The name of the event.
        name: String,
        attempt: String,
    },
}

impl Received {
    /// Returns the content without credentials.
    pub(super) fn content(&self) -> Option<&Value> {
        self.body.get(match self.what {
            RequestKind::Exchange { .. } => "payload",
            RequestKind::Event { .. } => "body",
        })
    }

    /// Returns the parts that a page may get.
    pub(super) fn for_page(&self) -> Value {
        let (kind, name, attempt) = match &self.what {
            RequestKind::Exchange { event_type } => ("exchange", event_type, "1"),
            RequestKind::Event { name, attempt } => ("event", name, attempt.as_str()),
        };
        json!({
            "at": self.at.0, "app": self.app, "kind": kind, "id": self.id, "name": name, "attempt": attempt,
            "content": self.content(), "status": self.status, "answer": self.answer, "distrust": self.distrust,
        })
    }
}

/// The requests of all sample apps in the order of arrival.
#[derive(Debug)]
pub(super) struct ReceivedRequests {
    channel: Receiver<Received>,
}

impl ReceivedRequests {
    pub(super) fn new(channel: Receiver<Received>) -> Self {
        Self { channel }
    }

    /// Waits for the next request without a time limit.
    ///
    /// # Errors
    /// All sample apps have ended.
    pub(super) async fn next(&mut self) -> Result<Received, DemoError> {
        self.channel.recv().await.ok_or_else(|| DemoError::Call("the sample apps have ended".to_owned()))
    }

    /// Waits for the next request within a time limit.
    ///
    /// # Errors
    /// No request arrives in time, or the app refused it.
    pub(super) async fn next_in_time(&mut self) -> Result<Received, String> {
        let request = timeout(SOON, self.channel.recv()).await.ok().flatten();
        let request = request.ok_or_else(|| format!("nothing arrived within {} s", SOON.as_secs()))?;
        match request.distrust {
            Some(why) => Err(format!("{} refused the request: {why}", request.app)),
            None => Ok(request),
        }
    }
}
