//! The domain: names, ids, secrets, patterns, events, hooks, deliveries and exchanges, and the rules about them.
//!
//! The crate is pure: it does no I/O, is not async, and reads neither a clock nor randomness. Edges parse input into types
//! of this crate, and everything else trusts those types.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::expect_used))]

pub mod address;
pub mod admin_caller;
pub mod app;
pub mod attempt;
pub mod audit;
pub mod credential;
pub mod delivery;
pub mod duration;
pub mod envelope;
pub mod event;
pub mod excerpt;
pub mod exchange;
pub mod headers;
pub mod hook;
pub mod hook_state;
pub mod id;
pub mod job;
pub mod json;
pub mod lineage;
pub mod name;
pub mod package;
pub mod path;
pub mod pattern;
pub mod people;
pub mod permission;
pub mod provenance;
pub mod query;
pub mod retry;
pub mod rotation;
pub mod run;
pub mod secret;
pub mod signature;
pub mod time;
pub mod trace_state;
pub mod traffic;
pub mod words;
