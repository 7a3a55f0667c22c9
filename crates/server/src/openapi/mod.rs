//! What the API description says beyond the administration API.

mod apps;
mod envelope;
mod whole;

pub(crate) use whole::whole;
