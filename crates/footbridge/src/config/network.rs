//! `[server]`, `[console]` and `[egress]`: who may reach us, and whom we may reach.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use footbridge_courier::{AllowError, AllowRule};
use footbridge_server::{HostName, HostsError};
use ipnet::IpNet;

use super::{duration, error::DOES_NOTHING_YET, section::Section, value};

/// `[server]`: the listener of the hot surfaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerConfig {
    /// How long work in flight may take to finish after the first signal.
    pub drain: Duration,
    /// Connections held at once.
    pub connections: u64,
    /// Proxies whose word counts on who is behind them.
    pub trusted_proxies: Vec<IpNet>,
    /// Names by which clients reach the server, besides those that follow from `public_url` and `listen`.
    pub hosts: Vec<HostName>,
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
            trusted_proxies: table.list("trusted_proxies", network).unwrap_or_default(),
            hosts: table
                .list("hosts", |text| text.parse().map_err(|error: HostsError| error.to_string()))
                .unwrap_or_default(),
            shards: shards.unwrap_or(cores.max(1)),
        }
    }
}

/// A network, or the one address of it.
fn network(text: &str) -> Result<IpNet, String> {
    let one = || text.parse::<IpAddr>().ok().map(IpNet::from);
    let network: IpNet = text.parse().ok().or_else(one).ok_or_else(|| {
        format!(
            "{text:?} is no network; write an IP address or a CIDR, such as \"127.0.0.1\" or \"10.0.0.0/8\""
        )
    })?;
    if network.trunc() == network {
        Ok(network)
    } else {
        Err(format!(
            "{text:?} has bits set behind its prefix length: did you mean {:?}?",
            network.trunc().to_string()
        ))
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
    /// Certificates of authorities that are trusted besides the machine's own, as a PEM file.
    pub ca_file: Option<PathBuf>,
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
            ca_file: table.file("ca_file", value::ca_file),
        }
    }
}
