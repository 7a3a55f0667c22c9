//! The bodies of the administration API.
//!
//! The server writes these types and the command line reads them, so that neither can know a member that the
//! other does not. Ids, names and times are text here: what they may hold is the server's to judge.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing))]

mod app;
mod bolt;
mod delivery;
mod event;
mod exchange;
mod explain;
mod hook;
mod link;
mod list;
mod secret;

pub use app::{App, MadeApp, ManagedBy, NewApp, ReceiverAuth, Secret, Secrets};
pub use bolt::{
    BoltApp, BoltContext, BoltHook, BoltRouter, Install, Installed, LogLine, LogPage, NamedApp, StartFailure,
};
pub use delivery::{Attempt, Bulk, BulkResult, Delivery, DeliveryDetail, Selection};
pub use event::{Event, EventDetail};
pub use exchange::{Exchange, ExchangeDetail, ExchangeStatus};
pub use explain::{Judgement, Judgements, Question};
pub use hook::{Hook, HookPatch, MadeHook, NewHook};
pub use link::{Link, NewLink, Switch};
pub use list::List;
pub use secret::{MadeSecrets, Rotate, Rotated, ShownSecrets};
