//! `[egress] allow`: networks the operator opens although they are refused otherwise.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net};

/// A network, with a port or a range of ports when only those are opened.
///
/// Written `CIDR`, `CIDR:PORT` or `CIDR:PORT-PORT`. A bare IPv4 address means that one host (`/32`); a bare IPv6
/// address must stand in brackets (`[::1]:3000`) or carry its prefix length (`::1/128:3000`), since `::1:3000`
/// is itself an address and would quietly open something else. Bits behind the prefix must be zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AllowRule {
    net: IpNet,
    first: u16,
    last: u16,
}

/// Why a rule cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AllowError {
    #[error("`{0}` is no network: expected CIDR, CIDR:PORT or CIDR:PORT-PORT, as in 127.0.0.1/32:3000-3999")]
    Network(String),
    #[error("`{0}`: write an IPv6 address with its prefix length (::1/128:3000) or in brackets ([::1]:3000)")]
    Ambiguous(String),
    #[error("`{0}` has bits set behind its prefix length: did you mean {1}?")]
    HostBits(String, IpNet),
    #[error("`{0}` is no port or port range from 1 to 65535")]
    Ports(String),
}

impl AllowRule {
    /// Whether this rule opens the address. It must be in canonical form (no IPv4 inside IPv6).
    pub(crate) fn covers(&self, addr: SocketAddr) -> bool {
        (self.first..=self.last).contains(&addr.port()) && self.net.contains(&addr.ip())
    }
}

impl FromStr for AllowRule {
    type Err = AllowError;

    fn from_str(text: &str) -> Result<Self, AllowError> {
        let (net, ports) = split(text)?;
        let net = mapped_as_v4(net);
        if net.trunc() != net {
            return Err(AllowError::HostBits(text.to_owned(), net.trunc()));
        }
        let Some(ports) = ports else { return Ok(Self { net, first: 1, last: u16::MAX }) };
        let (first, last) = match ports.split_once('-') {
            Some((first, last)) => (port(first), port(last)),
            None => (port(ports), port(ports)),
        };
        match (first, last) {
            (Some(first), Some(last)) if first <= last => Ok(Self { net, first, last }),
            _ => Err(AllowError::Ports(ports.to_owned())),
        }
    }
}

impl fmt::Display for AllowRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.first, self.last) {
            (1, u16::MAX) => write!(f, "{}", self.net),
            (first, last) if first == last => write!(f, "{}:{first}", self.net),
            (first, last) => write!(f, "{}:{first}-{last}", self.net),
        }
    }
}

fn split(text: &str) -> Result<(IpNet, Option<&str>), AllowError> {
    let bad = || AllowError::Network(text.to_owned());
    if let Some(inner) = text.strip_prefix('[') {
        let (ip, rest) = inner.split_once(']').ok_or_else(bad)?;
        let ip: std::net::Ipv6Addr = ip.parse().map_err(|_| bad())?;
        return match rest.split_once(':') {
            Some(("", ports)) => Ok((IpAddr::V6(ip).into(), Some(ports))),
            None if rest.is_empty() => Ok((IpAddr::V6(ip).into(), None)),
            _ => Err(bad()),
        };
    }
    if let Some((ip, rest)) = text.split_once('/') {
        let (len, ports) = match rest.split_once(':') {
            Some((len, ports)) => (len, Some(ports)),
            None => (rest, None),
        };
        let ip: IpAddr = ip.parse().map_err(|_| bad())?;
        let len = number(len).and_then(|len| u8::try_from(len).ok()).ok_or_else(bad)?;
        return Ok((IpNet::new(ip, len).map_err(|_| bad())?, ports));
    }
    if text.matches(':').count() > 1 {
        return Err(AllowError::Ambiguous(text.to_owned()));
    }
    let (ip, ports) = match text.split_once(':') {
        Some((ip, ports)) => (ip, Some(ports)),
        None => (text, None),
    };
    let ip: std::net::Ipv4Addr = ip.parse().map_err(|_| bad())?;
    Ok((IpAddr::V4(ip).into(), ports))
}

/// `::ffff:10.0.0.0/104` is `10.0.0.0/8`: rules are compared with unwrapped addresses.
fn mapped_as_v4(net: IpNet) -> IpNet {
    let IpNet::V6(v6) = net else { return net };
    match (v6.addr().to_ipv4_mapped(), v6.prefix_len().checked_sub(96)) {
        (Some(v4), Some(len)) => Ipv4Net::new(v4, len).map_or(net, IpNet::V4),
        _ => net,
    }
}

fn port(text: &str) -> Option<u16> {
    number(text).filter(|port| *port > 0)
}

/// Digits only: `str::parse` would take a leading `+`.
fn number(text: &str) -> Option<u16> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}
