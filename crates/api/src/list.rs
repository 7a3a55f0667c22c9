//! Pages of lists.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One page of a list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct List<T> {
    /// Items of this page.
    pub data: Vec<T>,
    /// Value of `cursor` for the next page; `null` on the last page.
    pub next: Option<String>,
}
