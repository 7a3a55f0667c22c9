//! Live sessions of pages: page authentication, the limit of live connections, and the Socket.IO sessions.

mod connection_limit;
mod page_auth;
mod pending_sessions;
mod socket_message;
mod sockets;
mod state;

pub(crate) use connection_limit::ConnectionPermit;
pub(crate) use page_auth::PageAuth;
pub(crate) use sockets::{MESSAGE_MAX, SocketService};
pub use state::{LiveOptions, LiveState};
