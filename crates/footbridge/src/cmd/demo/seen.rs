//! What the sample apps got, on its way to whoever tells the story.

use std::time::Duration;

use footbridge_model::time::Millis;
use serde_json::{Value, json};
use tokio::{sync::mpsc::Receiver, time::timeout};

use super::error::DemoError;

/// How long the story waits for a request that should come soon; the longest wait of its retries is a second.
const SOON: Duration = Duration::from_secs(10);

/// One request that a sample app got and answered.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// Which app.
    pub(super) app: &'static str,
    pub(super) what: What,
    /// `webhook-id`: the exchange's, or the event's, which is the same on every attempt and at every hook.
    pub(super) id: String,
    /// When it came.
    pub(super) at: Millis,
    /// The whole body as it came.
    pub(super) body: Value,
    /// What it answered with; `None` when it hung up.
    pub(super) status: Option<u16>,
    pub(super) answer: Value,
    /// Why it did not trust the request, if it did not.
    pub(super) distrust: Option<String>,
}

/// What kind of request it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// An exchange, to be answered.
    Exchange {
        /// `event_type`
        event_type: String,
    },
    /// A published event.
    Event {
        /// The event's name.
        name: String,
        /// `Footbridge-Attempt`
        attempt: String,
    },
}

impl Seen {
    /// What it says, without what proves it.
    pub(super) fn content(&self) -> Option<&Value> {
        self.body.get(match self.what {
            What::Exchange { .. } => "payload",
            What::Event { .. } => "body",
        })
    }

    /// What a page may know of it.
    pub(super) fn shown(&self) -> Value {
        let (kind, name, attempt) = match &self.what {
            What::Exchange { event_type } => ("exchange", event_type, "1"),
            What::Event { name, attempt } => ("event", name, attempt.as_str()),
        };
        json!({
            "at": self.at.0, "app": self.app, "kind": kind, "id": self.id, "name": name, "attempt": attempt,
            "content": self.content(), "status": self.status, "answer": self.answer, "distrust": self.distrust,
        })
    }
}

/// Takes in what the sample apps got.
#[derive(Debug)]
pub(super) struct Watcher {
    heard: Receiver<Seen>,
}

impl Watcher {
    pub(super) fn new(heard: Receiver<Seen>) -> Self {
        Self { heard }
    }

    /// The next request, however long it takes.
    ///
    /// # Errors
    /// When every sample app has ended.
    pub(super) async fn next(&mut self) -> Result<Seen, DemoError> {
        self.heard.recv().await.ok_or_else(|| DemoError::Call("the sample apps have ended".to_owned()))
    }

    /// The next request, soon and trusted.
    ///
    /// # Errors
    /// In words, when none comes or the app did not trust it.
    pub(super) async fn soon(&mut self) -> Result<Seen, String> {
        let seen = timeout(SOON, self.heard.recv()).await.ok().flatten();
        let seen = seen.ok_or_else(|| format!("nothing arrived within {} s", SOON.as_secs()))?;
        match seen.distrust {
            Some(why) => Err(format!("{} did not trust what arrived: {why}", seen.app)),
            None => Ok(seen),
        }
    }
}
