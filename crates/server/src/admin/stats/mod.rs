//! Handlers of statistics: `/api/v1/stats`.

mod edges;
mod now;
mod query;
mod series;

pub(super) use edges::{__path_edges, edges};
pub(super) use now::{__path_now, now};
pub(super) use series::{__path_series, __path_top, series, top};
