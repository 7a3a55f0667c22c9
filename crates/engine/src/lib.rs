//! The engine: authentication, registry, publish, delivery, exchange and installed apps.
//!
//! It has no HTTP server, no SQL and no sockets. Edges call the methods of [`Engine`], storage is behind the ports of
//! `footbridge-journal`, and every outbound request leaves through `footbridge-courier`.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::expect_used))]

mod app_phase;
mod apps;
mod audit;
mod auth;
mod backlogs;
mod chains;
mod claims;
mod cluster;
mod credentials;
mod detached;
mod dispatch;
mod drain;
mod engine;
mod exchange;
mod explain;
mod failure_log;
mod jobs;
mod lane_asks;
mod lane_report;
mod lanes;
mod launcher;
mod live;
mod local_work;
mod log_limit;
mod operator;
mod pages;
mod people;
mod progress;
mod proof_key;
mod publish;
mod queues;
mod rate;
mod reach;
mod recipient;
mod registry;
mod replay;
mod retention;
mod stats;
mod story;
mod subscribe;
mod system_event;
mod tail;
mod test_mark;
#[cfg(test)]
mod tests;
mod tickets;
mod trace;
mod verdict;
mod watermark;

pub use apps::{AppConnection, AppMonitor, AppStatus, AppsError, Installation, MountedRouter, RunningApp};
pub use auth::Caller;
pub use backlogs::OverQuota;
pub use chains::LoopDetected;
#[cfg(feature = "test")]
pub use cluster::BrokenRule;
pub use cluster::{HOLD_FOR, Membership, SEND_FOR, SessionEnd};
pub use credentials::{Credential, CredentialValue, OldValue, OverlapState, Uses};
pub use dispatch::Dispatcher;
pub use drain::{Draining, WorkGuard};
pub use engine::{
    CancelError, Engine, EngineOptions, Limits, MissedPage, PagePublishError, StartError, Started, WatchItem,
    Watcher,
};
pub use exchange::{ExchangeDraft, ExchangeOptions, ExchangeReply, Reply, UsedKey};
pub use explain::{AssumedChange, ExplainFrom, Explained, Explanation, Hypothesis};
pub use footbridge_courier::{
    Courier, CourierShared, Relay, RelayBody, RelayError, Relayed, Switched, Target, TargetError, Timing,
};
pub use footbridge_journal::{
    Accepted, Account, AuditFilter, Budget, DeadDeliveries, DeliveredEvent, DeliveryFilter, DeliveryView,
    Effect, EffectKind, EventFilter, EventView, ExchangeFilter, Found, FoundAudit, History, Journal,
    JournalError, JournalHealth, NodeCard, Order, Page, SavedView, Search, StatusCounts, Store,
    WaitingDeliveries, matches_glob,
};
pub use footbridge_model::attempt::FailureKind;
pub use jobs::{Counted, JobError, JobPreview, JobRequest, JobRunner};
pub use lane_report::{BadLaneStatus, LaneReason, LaneReport, LaneStatus};
pub use launcher::{Launcher, Launching, NoLauncher};
pub use live::PageEvent;
pub use log_limit::LogLimit;
pub use operator::{
    Probe, Protocol, ReceiverTest, ReceiverTestError, ReceiverToTest, TestAnswer, TestAttempt, TestError,
};
pub use pages::{PAGE_TOKEN_MARK, PageCaller, PageId, PageRefusal, PageSocket};
pub use people::{
    API_TOKEN_MARK, Client, LINK_VALID, MadeToken, NewLink, NewSession, People, PeopleError, ProvidedUser,
    SESSION_IDLE, SESSION_MAX, TokenSpec, UserChange, UserSpec, Visitor,
};
pub use proof_key::ProofKey;
pub use publish::{PublishError, Published};
pub use queues::{QueueOverview, QueueState, WaitingQueue};
pub use rate::{Quota, Rate};
pub use reach::Reached;
pub use registry::{
    AppChange, AppEntry, AppProof, AppSpec, BadOverlap, ChangeError, FileSpec, HookChange, HookEntry,
    HookSpec, LinkSpec, MadeSecrets, Overlap, RotatedSecrets, Rotation, SecretKind, SecretSet,
};
pub use replay::{BulkMode, ReplayError};
pub use retention::Retention;
pub use stats::{
    AppTraffic, Collector, EdgeTraffic, GroupBy, Line, Metric, Ranking, Recent, Series, SeriesQuery,
    StatisticsError,
};
pub use story::{
    Check, CheckKind, EventStory, ExchangeStory, Participant, ParticipantKind, ReceiverStory, Step, StepKind,
    StepOutcome,
};
pub use subscribe::SubscribeError;
pub use system_event::{ChainStop, StopReason, SystemEvent, SystemEventFormat};
pub use tail::{TailAttempt, TailEvent, TailItem, TailNext, TailWatcher};
pub use tickets::{TICKET_PATTERN_BYTES_MAX, TICKET_TTL_MAX, Ticket, TicketError, TicketSpec, TicketUse};
pub use verdict::Verdict;
