//! Where requests may go. Decided on the address being dialled; names are looked at only where the name itself is the
//! danger, or to give a friendly answer early.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::allow::AllowRule;
use crate::class::{METADATA_NAMES, Reason, classify, is_metadata};
use crate::target::{Target, is_localhost};
use footbridge_model::address::AddressClasses;

/// The address policy. Immutable: pooled connections stay valid under the policy they were opened with.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    allow: Vec<AllowRule>,
    own: Vec<SocketAddr>,
}

/// A destination the policy does not let through. Safe to show: names the address and its class, nothing else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("destination refused: {reason} {subject}{}", self.hint())]
pub struct Refusal {
    reason: Reason,
    subject: Subject,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Subject {
    Address(IpAddr),
    Name(String),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(ip) => write!(f, "address {ip}"),
            Self::Name(name) => write!(f, "name {name}"),
        }
    }
}

impl Refusal {
    /// The class of the address, as a short word: `loopback`, `private`, `metadata`, `own listener`, …
    pub fn reason(&self) -> &'static str {
        self.reason.as_str()
    }

    /// The class itself.
    pub fn class(&self) -> Reason {
        self.reason
    }

    pub(crate) fn own_listener(ip: IpAddr) -> Self {
        Self { reason: Reason::OwnListener, subject: Subject::Address(ip) }
    }

    fn hint(&self) -> &'static str {
        if self.reason.is_final() { "" } else { " (allow it with [egress] allow)" }
    }
}

impl Policy {
    /// `own` holds the addresses we listen on ourselves; one that is unspecified (`0.0.0.0`, `[::]`) stands for every
    /// address of this machine.
    pub fn new(allow: Vec<AllowRule>, own: Vec<SocketAddr>) -> Self {
        Self { allow, own: own.into_iter().map(canonical).collect() }
    }

    /// Whether this address may be dialled. `granted`: the operator wrote this very host and port into the app, and
    /// the address may be of these classes.
    ///
    /// Own listeners and metadata services are refused whatever else holds; then come the grant, the allow rules and
    /// the table of public addresses.
    pub fn judge(&self, addr: SocketAddr, granted: Option<AddressClasses>) -> Result<(), Refusal> {
        self.judge_from_here(addr, granted, &|_| false)
    }

    /// As [`Policy::judge`]; `is_here` tells which addresses are this machine's.
    pub(crate) fn judge_from_here(
        &self,
        addr: SocketAddr,
        granted: Option<AddressClasses>,
        is_here: &dyn Fn(IpAddr) -> bool,
    ) -> Result<(), Refusal> {
        let ip = addr.ip();
        let refuse = |reason| Err(Refusal { reason, subject: Subject::Address(ip) });
        if is_metadata(ip) {
            return refuse(Reason::Metadata);
        }
        let addr = canonical(addr);
        if addr.port() == 0 {
            return refuse(Reason::Port);
        }
        let everywhere =
            |own: &SocketAddr| own.ip().is_unspecified() && own.port() == addr.port() && is_here(addr.ip());
        if self.own.iter().any(|own| listens_on(*own, addr) || everywhere(own)) {
            return refuse(Reason::OwnListener);
        }
        if self.allow.iter().any(|rule| rule.covers(addr)) {
            return Ok(());
        }
        match reason_of(addr.ip(), is_here) {
            Some(reason) if !granted.is_some_and(|granted| granted.contains(reason.class())) => {
                refuse(reason)
            }
            _ => Ok(()),
        }
    }

    /// Refuses what can be told from the URL alone, for a friendly answer when it is saved: literal addresses,
    /// metadata names, `localhost`. Passing says nothing about where a name leads later.
    pub fn judge_literal(&self, target: &Target, granted: Option<AddressClasses>) -> Result<(), Refusal> {
        judge_name(target.host())?;
        if let Some(ip) = target.literal() {
            return self.judge(SocketAddr::new(ip, target.port()), granted);
        }
        if !is_localhost(target.host()) {
            return Ok(());
        }
        let v4 = self.judge((Ipv4Addr::LOCALHOST, target.port()).into(), granted);
        let v6 = self.judge((Ipv6Addr::LOCALHOST, target.port()).into(), granted);
        v4.or_else(|refusal| v6.map_err(|_| refusal))
    }

    /// Whether a connection between these two ends landed on ourselves through an address of this machine that no list knew.
    pub(crate) fn is_own(&self, local: SocketAddr, peer: SocketAddr) -> bool {
        let (local, peer) = (canonical(local), canonical(peer));
        local.ip() == peer.ip()
            && self
                .own
                .iter()
                .any(|own| own.port() == peer.port() && (own.ip().is_unspecified() || own.ip() == peer.ip()))
    }
}

/// Refuses names that lead to a metadata service, wherever the resolver says they lead.
pub(crate) fn judge_name(host: &str) -> Result<(), Refusal> {
    if METADATA_NAMES.contains(&host) {
        return Err(Refusal { reason: Reason::Metadata, subject: Subject::Name(host.to_owned()) });
    }
    Ok(())
}

/// Why this address is not open to all, or `None` when it is.
pub(crate) fn reason_of(ip: IpAddr, is_here: &dyn Fn(IpAddr) -> bool) -> Option<Reason> {
    classify(ip).or_else(|| is_here(ip).then_some(Reason::OwnAddress))
}

/// The address as it is dialled: IPv4 inside IPv6 unwrapped.
pub(crate) fn canonical(addr: SocketAddr) -> SocketAddr {
    match addr.ip().to_canonical() {
        ip @ IpAddr::V4(_) => SocketAddr::new(ip, addr.port()),
        IpAddr::V6(_) => addr,
    }
}

fn listens_on(own: SocketAddr, addr: SocketAddr) -> bool {
    let here = |ip: IpAddr| ip.is_loopback() || ip.is_unspecified();
    own.port() == addr.port()
        && (own.ip() == addr.ip()
            || own.ip().is_unspecified() && here(addr.ip())
            // Linux connects 0.0.0.0 and :: to loopback.
            || addr.ip().is_unspecified() && here(own.ip()))
}
