//! The Event Bridge: Boxo's words over the engine's exchanges.

mod error;
mod parse;
mod prefer;
mod render;
mod route;
mod settings;

pub(crate) use error::{BridgeError, error};
pub(crate) use render::json_response;
pub(crate) use route::{direction, exchange, invalid, read_json};
pub(crate) use settings::{settings, settings_of};
