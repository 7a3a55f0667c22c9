//! Membership of a store that several servers share: beats, partitions and the end of dead servers.
//!
//! Each server is a *session* of the store and owns some *partitions*: only the owner of a partition sends its
//! deliveries. A session beats every second. A server whose beats stop reaching the store starts no send after
//! [`SEND_FOR`] and forgets its partitions after [`HOLD_FOR`], both counted on its own clock from the moment at which
//! it sent the last confirmed beat. The others end its session ([`PeerWatch`]) no earlier than [`HOLD_FOR`] after they
//! saw that beat, and take its partitions.
//!
//! A store with one session ([`Joined::exclusive`](footbridge_journal::Joined)) needs none of this: nothing here runs.

mod hints;
mod lease;
mod membership;
mod peers;
mod placement;

pub use lease::{HOLD_FOR, SEND_FOR};
#[cfg(feature = "test")]
pub use membership::BrokenRule;
pub use membership::{Membership, SessionEnd};

pub(crate) use hints::HintQueue;
pub(crate) use lease::Lease;
pub(crate) use membership::MembershipOptions;
