//! Connections: accepted in one place, assigned to a shard, watched for their deadlines.
//!
//! Each shard is a thread with its own runtime. A request stays on the thread of its connection and uses that thread's pool
//! of upstream connections.

mod accept;
mod connection;
mod connection_slots;
mod framing;
mod http_error;
mod linger;
mod shard;

pub use accept::{Listener, bind};
pub use connection_slots::ConnectionSlots;
pub use shard::{Shard, ShardHandle, ShardOptions};
