//! Connections: accepted once, dealt to the shards, watched for their deadlines.
//!
//! Each shard is a thread with a runtime of its own; a request stays on the thread that got its
//! connection, with that thread's own pool of upstream connections.

mod accept;
mod connection;
mod framing;
mod places;
mod refusal;
mod shard;

pub use accept::{Listener, bind};
pub use places::Places;
pub use shard::{Shard, ShardHandle, ShardOptions};
