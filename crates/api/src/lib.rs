//! Request and response bodies of the administration API.
//!
//! The server and the command line share these types, so both know the same members. Ids, names and times are text here; the
//! server checks them.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing))]

mod app;
mod attention;
mod audit;
mod bolt;
mod credential;
mod delivery;
mod event;
mod exchange;
mod explain;
mod hit;
mod hook;
mod job;
mod lane;
mod link;
mod list;
mod managed_by;
mod members;
mod people;
mod secret;
mod statistics;
mod story;
mod ticket;
mod trial;
mod view;

pub use app::{App, AppPatch, MadeApp, NewApp, NewReceiverAuth, ReceiverAuth, Secret, Secrets};
pub use attention::{
    Attention, AttentionLevel, AttentionList, AttentionObject, Doctor, Finding, FindingLevel, Setting,
    SettingSource, Settings,
};
pub use audit::{AuditActor, AuditEntry, AuditObject};
pub use bolt::{
    BoltApp, BoltContext, BoltHook, BoltRouter, Install, Installed, LogLine, LogPage, NamedApp, StartFailure,
};
pub use credential::{
    Credential, Credentials, ExtendOverlap, OldCredential, RotateCredential, RotatedCredential,
};
pub use delivery::{Attempt, Bulk, BulkResult, Delivery, DeliveryDetail, Selection};
pub use event::{Cause, Event, EventDetail};
pub use exchange::{Exchange, ExchangeDetail, ExchangeStatus};
pub use explain::{
    EventJudgement, EventJudgements, Fix, Judgement, Judgements, Operation, Question, Verdict, WhatIf,
};
pub use hit::{Hit, Hits};
pub use hook::{Hook, HookPatch, HookTarget, MadeHook, NewHook, NewHooks, RouteOrTarget};
pub use job::{Job, JobItem, JobPreview, NewJob, ReasonCount, ValueCount};
pub use lane::{Lane, LaneHead, LanePause, Reason, Skip};
pub use link::{Link, LinkPatch, NewLink};
pub use list::{List, Searched, SearchedList};
pub use managed_by::ManagedBy;
pub use members::FromObject;
pub use people::{
    ApiToken, ConsoleSession, HandOver, HandedOver, MadeApiToken, NewApiToken, NewRole, NewSignInLink,
    NewUser, PasswordChange, Role, RolePatch, SessionUser, SignIn, SignInLink, SignInOptions, SignInProvider,
    SignedIn, User, UserPatch,
};
pub use secret::{MadeSecrets, Rotate, Rotated, SecretKind, ShownSecrets};
pub use statistics::{
    AccountNow, AppNow, Edge, Edges, LaneCounts, Line, Rates, Series, SeriesUnit, StatsNow, Top, TopList,
};
pub use story::{Check, Effect, EventStory, ExchangeStory, Folded, Participant, Receiver, Step, StoryOrigin};
pub use ticket::{NewTicket, Ticket, TicketPurpose};
pub use trial::{
    ExchangeDirection, NewReceiverTest, NewTest, Probe, ReceiverProtocol, ReceiverTest, ReceiverTestState,
    SendEvent, SendExchange, SentEvent, SentExchange, TestAddress, TestAnswer, TestAttempt, TestHeader,
    TestRequest, TestResult, TestTiming,
};
pub use view::{NewView, View};
