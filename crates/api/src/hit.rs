//! Bodies of answers about searches in everything.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Something that a text leads to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Hit {
    /// `event`, `delivery`, `exchange`, `hook`, `app` or `name`.
    #[schema(example = "app")]
    pub kind: String,
    /// Id of the thing; the name of an app or of events.
    pub id: String,
    /// Text that tells it from others.
    pub text: String,
    /// When it was made, or last seen, if that is known.
    #[schema(format = DateTime)]
    pub at: Option<String>,
}

/// The things that a text leads to, the best first.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Hits {
    pub data: Vec<Hit>,
}
