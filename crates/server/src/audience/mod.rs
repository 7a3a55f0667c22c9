//! Who watches live: the proof that a page is an app's, the seats that are taken, the Socket.IO sessions.

mod copy;
mod lobby;
mod proof;
pub(crate) mod query;
mod seats;
mod sockets;
mod state;

pub(crate) use proof::Proof;
pub(crate) use seats::Seat;
pub(crate) use sockets::{MESSAGE, SocketService};
pub use state::{LiveOptions, LiveState};
