//! What every answer of Bolt's API is wrapped in.

use utoipa::ToSchema;

/// The Bolt envelope: `code` is 0 and `body` is there, or `code` and the error members say what is wrong.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `bolt` writes")]
#[schema(rename_all = "camelCase")]
pub(super) struct Envelope {
    code: u32,
    body: Option<serde_json::Value>,
    error: Option<serde_json::Value>,
    error_user_title: Option<String>,
    error_user_message: Option<String>,
    error_trace_id: Option<String>,
}
