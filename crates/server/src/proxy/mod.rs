//! Installed apps at `/x/<app>/…`, and the routers they mount on the server.
//!
//! Requests and answers are relayed as they come: nothing is held back, cut or rewritten but the headers that are
//! ours to say, those that lead somewhere, and those that speak for the whole origin.

mod app;
mod cookies;
mod forward;
mod headers;
mod origin;
mod page;
mod place;
mod refusal;
mod routers;

pub(crate) use app::app;
pub(crate) use routers::routers;
