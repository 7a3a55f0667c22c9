//! Columns that say how events and exchanges came.

use footbridge_model::provenance::{Provenance, TraceParent, Via};
use rusqlite::types::{ToSqlOutput, Value};
use rusqlite::{Row, ToSql};

/// The columns that [`read`] needs.
pub(crate) const COLUMNS: &str = "via, test, trace";

/// The stored fields of a `traceparent`.
pub(crate) struct TraceColumn(Option<[u8; TraceParent::LENGTH]>);

impl ToSql for TraceColumn {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match &self.0 {
            Some(bytes) => bytes.to_sql(),
            None => Ok(ToSqlOutput::Owned(Value::Null)),
        }
    }
}

/// The values of [`COLUMNS`]. Nothing is stored for the common case.
pub(crate) fn values(provenance: Provenance) -> (Option<i64>, Option<bool>, TraceColumn) {
    let Provenance { via, test, trace } = provenance;
    (via_code(via), test.then_some(true), TraceColumn(trace.map(|trace| trace.bytes())))
}

const fn via_code(via: Via) -> Option<i64> {
    match via {
        Via::Api => None,
        Via::Page => Some(1),
        Via::Function => Some(2),
        Via::System => Some(3),
        Via::Console => Some(4),
    }
}

/// Reads [`COLUMNS`], whose first is column `from`.
pub(crate) fn read(row: &Row<'_>, from: usize) -> rusqlite::Result<Provenance> {
    let code: Option<i64> = row.get(from)?;
    let via = Via::ALL.into_iter().find(|via| via_code(*via) == code).unwrap_or_default();
    let trace = row.get_ref(from + 2)?.as_blob_or_null()?.and_then(TraceParent::from_bytes);
    Ok(Provenance { via, test: row.get::<_, Option<bool>>(from + 1)?.unwrap_or_default(), trace })
}
