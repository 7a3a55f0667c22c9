//! What happens to events: authority, hook index, publish, dispatch, exchange.
//!
//! No HTTP server, no SQL, no sockets of its own: edges call the verbs of [`Engine`], storage lies
//! behind the ports of `footbridge-journal`, and every outbound request leaves through the courier.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::expect_used))]

mod apps;
mod auth;
mod backlogs;
mod carried;
mod chains;
mod dispatch;
mod drain;
mod engine;
mod exchange;
mod explain;
mod failure_log;
mod house;
mod lanes;
mod launcher;
mod life;
mod live;
mod log_limit;
mod pages;
mod progress;
mod proof_key;
mod publish;
mod rate;
mod recipient;
mod registry;
mod replay;
mod subscribe;
mod tickets;
mod unsettled;

pub use apps::{
    AppObject, AppsError, Condition, ContextObject, Installation, Keeper, LiveApp, MountedRouter, Reach,
};
pub use auth::Caller;
pub use backlogs::OverQuota;
pub use chains::Stopped;
pub use dispatch::Dispatcher;
pub use drain::{Draining, InFlight};
pub use engine::{
    Engine, EngineOptions, Heard, Limits, Missed, PagePublishError, StartError, Started, Watcher,
};
pub use exchange::{ExchangeDraft, ExchangeReply, How, Reply, UsedKey};
pub use explain::{ExplainFrom, Explained, Explanation, Verdict};
pub use footbridge_courier::{
    Courier, CourierShared, Relay, RelayBody, RelayError, Relayed, RelayedBody, Switched,
};
pub use footbridge_journal::{
    Accepted, Account, DeliveryFilter, DeliveryView, EventFilter, EventView, ExchangeFilter, Journal,
    JournalError, JournalHealth, Page,
};
pub use house::House;
pub use launcher::{Launcher, Launching, NoLauncher};
pub use live::PageEvent;
pub use log_limit::LogLimit;
pub use pages::{PAGE_TOKEN_MARK, PageCaller, PageId, PageRefusal, PageSocket};
pub use proof_key::ProofKey;
pub use publish::PublishError;
pub use rate::{Quota, Rate};
pub use registry::{
    AppChange, AppEntry, AppProof, AppSpec, ChangeError, FileSpec, HookChange, HookEntry, HookSpec, LinkSpec,
    MadeSecrets, Overlap, Rotation, SecretKind, SecretSet,
};
pub use replay::{Bulk, ReplayError};
pub use subscribe::SubscribeError;
pub use tickets::{TICKET_MOST, TICKET_PATTERNS, Ticket, TicketError, TicketSpec, TicketUse};
