//! `[server]` and `[egress]`: inbound connections and outbound addresses.

use std::{net::IpAddr, path::PathBuf, time::Duration};

use footbridge_courier::{AllowError, AllowRule};
use footbridge_server::{HostName, HostsError};
use ipnet::IpNet;

use super::{duration, section::Section, value};

/// The table `[server]`: connections of clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerConfig {
    /// Time limit for work in flight to finish after the first signal.
    pub drain: Duration,
    /// Most connections at once.
    pub connections: u64,
    /// Reverse proxies whose forwarding headers are trusted.
    pub trusted_proxies: Vec<IpNet>,
    /// Host names that the server accepts, besides those of `public_url` and `listen`.
    pub hosts: Vec<HostName>,
    /// Serves the documentation under `/docs/`.
    pub docs: bool,
    /// Number of threads that answer requests of the Event Bridge and the Events API.
    pub shards: usize,
}

/// Most shards. A larger number than any machine has cores is a mistake.
const MOST_SHARDS: u64 = 1024;

impl ServerConfig {
    pub(super) fn read(top: &Section<'_>, cores: usize) -> Self {
        let table = top.table("server");
        let shards =
            table.integer("shards", &(1..=MOST_SHARDS)).and_then(|shards| usize::try_from(shards).ok());
        Self {
            drain: table.parse("drain", Duration::from_secs(10), duration::parse),
            connections: table.integer("connections", &(1..=10_000_000)).unwrap_or(10_000),
            trusted_proxies: networks(&table, "trusted_proxies", network),
            hosts: table
                .list("hosts", |text| text.parse().map_err(|error: HostsError| error.to_string()))
                .unwrap_or_default(),
            docs: table.boolean("docs", true),
            shards: shards.unwrap_or(cores.max(1)),
        }
    }
}

/// Reads a list of networks and addresses. Warns of an address that looks like a network.
fn networks<T>(table: &Section<'_>, key: &str, parse: impl Fn(&str) -> Result<T, String>) -> Vec<T> {
    table.warn_entries(key, warn_of_address);
    table.list(key, parse).unwrap_or_default()
}

/// Returns a warning if the text is one address that ends like the address of a network, such as `10.0.0.0`.
fn warn_of_address(text: &str) -> Option<String> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let (address, ports) = match (bare, text.split_once(':')) {
        (Some((address, ports)), _) => (address, ports),
        (None, Some((address, ports))) if !ports.contains(':') => (address, text.get(address.len()..)?),
        _ => (text, ""),
    };
    let prefix = match address.parse().ok()? {
        IpAddr::V4(ip) => match ip.octets() {
            [0, 0, 0, 0] => 0,
            [_, 0, 0, 0] => 8,
            [_, _, 0, 0] => 16,
            [_, _, _, 0] => 24,
            _ => return None,
        },
        IpAddr::V6(ip) if ip.is_unspecified() => 0,
        IpAddr::V6(ip) if ip.to_bits().trailing_zeros() >= 64 => 64,
        IpAddr::V6(_) => return None,
    };
    Some(format!(
        "{text:?} is the one address {address}; a network is written with its prefix length, such as {:?}",
        format!("{address}/{prefix}{ports}")
    ))
}

/// Reads a network, or one address.
fn network(text: &str) -> Result<IpNet, String> {
    let one = || text.parse::<IpAddr>().ok().map(IpNet::from);
    let network: IpNet = text.parse().ok().or_else(one).ok_or_else(|| {
        format!(
            "{text:?} is not a network; write an IP address or a CIDR, such as \"127.0.0.1\" or \"10.0.0.0/8\""
        )
    })?;
    if network.trunc() == network {
        Ok(network)
    } else {
        Err(format!(
            "{text:?} has bits set after its prefix length; did you mean {:?}?",
            network.trunc().to_string()
        ))
    }
}

/// The table `[egress]`: the policy for outbound addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EgressConfig {
    /// Networks that are allowed although they are private, loopback or otherwise refused.
    pub allow: Vec<AllowRule>,
    /// Time limit of one attempt.
    pub timeout: Duration,
    /// A PEM file with certificate authorities that are trusted in addition to those of the machine.
    pub ca_file: Option<PathBuf>,
}

impl EgressConfig {
    pub(super) fn read(top: &Section<'_>) -> Self {
        let table = top.table("egress");
        Self {
            allow: networks(&table, "allow", |text| {
                text.parse().map_err(|error: AllowError| error.to_string())
            }),
            timeout: table.parse("timeout", Duration::from_secs(15), |text| {
                duration::parse_within(text, Duration::from_millis(1), Duration::from_hours(1))
            }),
            ca_file: table.file("ca_file", value::ca_file),
        }
    }
}
