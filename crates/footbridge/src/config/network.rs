//! `[server]`, `[console]` and `[egress]`: who may reach us, and whom we may reach.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use footbridge_courier::{AllowError, AllowRule};

use super::{duration, error::DOES_NOTHING_YET, section::Section, value};

/// `[server]`: the listener of the hot surfaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerConfig {
    /// How long work in flight may take to finish after the first signal.
    pub drain: Duration,
    /// Connections held at once.
    pub connections: u64,
    /// Threads that serve the hot surfaces, each with its own listener.
    pub shards: usize,
}

/// Most shards: more threads than any machine has cores is a slip.
const MOST_SHARDS: u64 = 1024;

impl ServerConfig {
    pub(super) fn read(top: &Section<'_>, cores: usize) -> Self {
        let table = top.table("server");
        let shards =
            table.whole("shards", &(1..=MOST_SHARDS)).and_then(|shards| usize::try_from(shards).ok());
        Self {
            drain: table.parse("drain", Duration::from_secs(10), duration::parse),
            connections: table.whole("connections", &(1..=10_000_000)).unwrap_or(10_000),
            shards: shards.unwrap_or(cores.max(1)),
        }
    }
}

/// `[console]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleConfig {
    /// Where the console listens; none when it is off.
    pub listen: Option<SocketAddr>,
}

impl ConsoleConfig {
    pub(super) fn read(top: &Section<'_>) -> Self {
        let default = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 4401)));
        let table = top.table("console");
        let listen = table.parse("listen", default, value::listen_or_off);
        if listen.is_some() && listen != default {
            table.warn("listen", DOES_NOTHING_YET);
        }
        Self { listen }
    }
}

/// `[egress]`: outbound policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EgressConfig {
    /// Networks that may be reached although they are private, loopback or the like.
    pub allow: Vec<AllowRule>,
    /// One attempt, whole.
    pub timeout: Duration,
}

impl EgressConfig {
    pub(super) fn read(top: &Section<'_>) -> Self {
        let table = top.table("egress");
        Self {
            allow: table
                .list("allow", |text| text.parse().map_err(|error: AllowError| error.to_string()))
                .unwrap_or_default(),
            timeout: table.parse("timeout", Duration::from_secs(15), |text| {
                duration::parse_within(text, Duration::from_millis(1), Duration::from_hours(1))
            }),
        }
    }
}
