//! The reverse proxy for installed apps: `/x/<app>/…`, and the routers that apps mount on the server.
//!
//! Requests and answers are streamed unchanged, except for headers that belong to the server, that contain addresses, or
//! that apply to the whole origin.

mod app;
mod cookies;
mod forward;
mod headers;
mod origin_headers;
mod proxy_error;
mod requested_page;
mod rewrite;
mod routers;
mod visit;

pub(crate) use app::app;
pub(crate) use routers::{mounted, routers};
pub(crate) use visit::may_serve;
