//! The envelope of Bolt's API.

use utoipa::ToSchema;

/// The envelope of every answer of Bolt's API. On success `code` is 0 and `body` is present; otherwise the error members are.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `bolt` writes")]
#[schema(rename_all = "camelCase")]
pub(super) struct BoltEnvelope {
    code: u32,
    body: Option<serde_json::Value>,
    error: Option<serde_json::Value>,
    error_user_title: Option<String>,
    error_user_message: Option<String>,
    error_trace_id: Option<String>,
}
