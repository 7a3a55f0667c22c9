//! The rules of `[egress] allow`: networks that the operator opens although they are not public.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net};

/// A network, optionally with a port or a range of ports.
///
/// The forms are `CIDR`, `CIDR:PORT` and `CIDR:PORT-PORT`. An IPv4 address without a prefix length means that one host
/// (`/32`). An IPv6 address needs brackets (`[::1]:3000`) or its prefix length (`::1/128:3000`), because `::1:3000` is
/// itself an address and would open another host. The bits after the prefix must be zero.
///
/// ```
/// use footbridge_courier::AllowRule;
///
/// assert!("10.0.0.0/8".parse::<AllowRule>().is_ok());
/// assert!("[::1]:3000-3999".parse::<AllowRule>().is_ok());
/// assert!("::1:3000".parse::<AllowRule>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AllowRule {
    net: IpNet,
    first: u16,
    last: u16,
}

/// Why a rule cannot be parsed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AllowError {
    /// The text is no network.
    #[error("`{0}` is no network: expected CIDR, CIDR:PORT or CIDR:PORT-PORT, as in 127.0.0.1/32:3000-3999")]
    Network(String),
    /// An IPv6 address without brackets and prefix length.
    #[error("`{0}`: write an IPv6 address with its prefix length (::1/128:3000) or in brackets ([::1]:3000)")]
    Ambiguous(String),
    /// Bits after the prefix are set; the second value is the network without them.
    #[error("`{0}` has bits set after its prefix length; did you mean {1}?")]
    HostBits(String, IpNet),
    /// Not a port or a range of ports.
    #[error("`{0}` is no port or port range from 1 to 65535")]
    Ports(String),
}

impl AllowRule {
    /// Returns true if the rule opens an address, which must be in canonical form (no IPv4 inside IPv6).
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

/// Turns `::ffff:10.0.0.0/104` into `10.0.0.0/8`, because rules are compared with canonical addresses.
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

/// Parses digits only; `str::parse` would accept a leading `+`.
fn number(text: &str) -> Option<u16> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}
