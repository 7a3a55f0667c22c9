//! The listener with installed apps: real sockets on both sides, the engine over a journal in memory, and apps that
//! a test plays itself.

mod api;
mod app;
pub(crate) mod kit;
mod proxy;
mod routers;
mod streams;
