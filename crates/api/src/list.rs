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

/// One page of a list that is searched step by step.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SearchedList<T> {
    /// Items of this page. There may be fewer than `limit`, even none, while more follow.
    pub data: Vec<T>,
    /// Value of `cursor` for the next page; `null` on the last page.
    pub next: Option<String>,
    /// How far this page has searched.
    #[serde(default)]
    pub searched: Searched,
}

/// How far one step of a search came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Searched {
    /// Time of the last row that was looked at; `null` if there is nothing beyond.
    #[schema(format = DateTime)]
    pub to: Option<String>,
    /// Number of rows that were looked at.
    pub rows: u64,
    /// True if the time was over before the page was full.
    pub more: bool,
}
