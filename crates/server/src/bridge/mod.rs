//! The event bridge: Boxo's HTTP API for exchanges.

mod error;
mod parse;
mod prefer;
mod render;
mod response;
mod route;
mod settings;

pub(crate) use error::{BridgeError, error};
#[cfg(test)]
pub(crate) use parse::MEMBERS;
pub(crate) use response::json_response;
pub(crate) use route::{direction, exchange, invalid, read_json};
pub(crate) use settings::{settings, settings_of};
