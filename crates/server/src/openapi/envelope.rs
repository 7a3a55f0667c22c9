//! The envelopes of Bolt's API.

use serde::Serialize;
use utoipa::ToSchema;

/// The envelope of an answer of Bolt's API.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `bolt` writes")]
pub(super) struct BoltAnswer<T: ToSchema> {
    /// 0, because the call was successful.
    code: u16,
    body: T,
}

/// The envelope of an error of Bolt's API.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `bolt` writes")]
#[schema(as = BoltError, rename_all = "camelCase")]
pub(super) struct BoltFailure {
    /// Number of the error; `/docs/errors/events` lists them.
    code: u16,
    error: BoltMessage,
    /// Title of the error, for people.
    error_user_title: String,
    /// Message of the error, for people.
    error_user_message: String,
    /// Text that finds the request in the server's log.
    error_trace_id: String,
}

/// The message of an error.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `bolt` writes")]
pub(super) struct BoltMessage {
    message: String,
}

/// An event that was published.
#[derive(Serialize, ToSchema)]
pub(super) struct BoltPublished {
    #[schema(example = "evt_0f7m2k9x4c1aa")]
    id: String,
    name: String,
    publisher: String,
    #[schema(format = DateTime)]
    time: String,
    /// Number of hooks that get the event.
    deliveries: u32,
    /// Parts of the request that are valid but probably not intended. Left out when empty.
    warnings: Option<Vec<String>>,
}

/// A hook of the caller.
#[derive(Serialize, ToSchema)]
pub(super) struct BoltSubscription {
    #[schema(example = "hook_0f7m2k9x4c1aa")]
    id: String,
    /// Name of the publisher; `*` for any.
    publisher: String,
    /// Name of the event; `*` for any.
    event: String,
    route: String,
    r#type: String,
    /// True if the hook ends with the run of its app.
    transient: bool,
    /// Parts of the request that are valid but probably not intended. Left out when empty.
    warnings: Option<Vec<String>>,
}

/// The result of a call that publishes or subscribes, depending on the request.
#[derive(Serialize, ToSchema)]
#[expect(dead_code, reason = "describes what `bolt` writes")]
#[serde(untagged)]
pub(super) enum BoltEventResult {
    Published(BoltPublished),
    Subscribed(BoltSubscription),
}
