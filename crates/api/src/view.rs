//! Bodies of requests and answers about saved views.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A saved view: a screen of the console with its filter, under a name.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct View {
    #[schema(example = "dead orders")]
    pub name: String,
    /// Screen of the console.
    #[schema(example = "deliveries")]
    pub screen: String,
    /// Query of the screen's address.
    #[schema(example = "q=status%3Adead")]
    pub query: String,
}

/// A request to save a view under the name in the path.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewView {
    pub screen: String,
    #[serde(default)]
    pub query: String,
}
