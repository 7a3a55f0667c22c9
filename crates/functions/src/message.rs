//! What server and worker say to each other.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::time::Duration;

/// The first message to a worker: what its calls may cost.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Limits {
    /// How long one call may take.
    pub(crate) timeout: Duration,
    /// How much memory its JavaScript may use, in bytes.
    pub(crate) memory: usize,
    /// The most bytes it may return, and publish at once.
    pub(crate) output: usize,
    /// The most events it may publish.
    pub(crate) publishes: usize,
    /// The most bytes of its console that are kept.
    pub(crate) log: usize,
}

/// Every further message to a worker.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Call<'a> {
    /// Whose function it is.
    #[serde(borrow)]
    pub(crate) app: Cow<'a, str>,
    /// Its file, as stacks name it.
    #[serde(borrow)]
    pub(crate) file: Cow<'a, str>,
    /// What the file holds.
    #[serde(borrow)]
    pub(crate) source: Cow<'a, str>,
    /// The event.
    #[serde(borrow)]
    pub(crate) event: &'a RawValue,
}

/// What a worker says.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Said {
    /// It waits for a call.
    Ready,
    /// It cannot be one: why, and how to mend it. It ends.
    Unfit(String),
    /// The function wrote this to its console; said at once, so that it is not lost when the worker is killed.
    Wrote(String),
    /// The function ended well.
    Returned(Returned),
    /// The function did not end well.
    Failed(Failed),
}

/// How a function ended well.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Returned {
    /// What it returned; nothing for `undefined`, which is not the same as `null`.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub(crate) value: Option<Box<RawValue>>,
    /// What it published, in order.
    pub(crate) published: Vec<Published>,
}

/// One `ctx.publish`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Published {
    /// The name it gave.
    pub(crate) name: String,
    /// `{body?, headers?, subscribers?}`
    pub(crate) options: Box<RawValue>,
}

/// How a function did not end well.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Failed {
    /// The exception with its stack, or the limit it broke.
    pub(crate) message: String,
    /// Whether it took too long.
    pub(crate) timed_out: bool,
}

fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(from).map(Some)
}
