//! Messages between server and worker.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::time::Duration;

/// The first message to a worker: the limits of its calls.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Limits {
    /// Time limit of one call.
    pub(crate) timeout: Duration,
    /// Memory limit of the JavaScript engine, in bytes.
    pub(crate) memory: usize,
    /// The most bytes of JSON that a call may return, and that one published event may have.
    pub(crate) output: usize,
    /// The most events that a call may publish.
    pub(crate) publishes: usize,
    /// The most bytes of console output that are stored.
    pub(crate) log: usize,
}

/// Every further message to a worker: one call.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Call<'a> {
    /// The app that owns the function.
    #[serde(borrow)]
    pub(crate) app: Cow<'a, str>,
    /// The function's file, as shown in stack traces.
    #[serde(borrow)]
    pub(crate) file: Cow<'a, str>,
    /// The content of the file.
    #[serde(borrow)]
    pub(crate) source: Cow<'a, str>,
    /// The event as JSON.
    #[serde(borrow)]
    pub(crate) event: &'a RawValue,
}

/// A message of a worker to the server.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum WorkerMessage {
    /// The worker waits for a call.
    Ready,
    /// The worker cannot start and ends: the reason and how to fix it.
    CannotStart(String),
    /// The function wrote this to its console. Sent at once, so that it is not lost if the worker is killed.
    Logged(String),
    /// The function returned.
    Returned(FunctionReturn),
    /// The function failed.
    Failed(FunctionError),
}

/// The result of a function that returned.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FunctionReturn {
    /// The returned value; `None` for `undefined`, which differs from `null`.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub(crate) value: Option<Box<RawValue>>,
    /// The events that it published, in order.
    pub(crate) published: Vec<PublishedEvent>,
}

/// One call of `ctx.publish`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PublishedEvent {
    /// The event's name as the function wrote it.
    pub(crate) name: String,
    /// The second argument as JSON: `{body?, headers?, subscribers?}`.
    pub(crate) options: Box<RawValue>,
}

/// The error of a function that failed.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FunctionError {
    /// The exception with its stack, or the limit that was exceeded.
    pub(crate) message: String,
    /// True if the function exceeded its time limit or could never end.
    pub(crate) timed_out: bool,
}

fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(from).map(Some)
}
