//! The client of a request: the peer of the connection, or the client that a trusted proxy names.

use http::header::{FORWARDED, HeaderMap, HeaderName, VIA};
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Headers that a proxy adds to a request.
const PROXY_HEADERS: [HeaderName; 6] = [
    FORWARDED_FOR,
    FORWARDED,
    VIA,
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-real-ip"),
];

/// The client of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientInfo {
    /// The client's address, in canonical form.
    pub ip: IpAddr,
    /// True for a program on this machine that used a known host name: no proxy forwarded the request, and DNS rebinding is
    /// excluded.
    pub local: bool,
}

/// Proxies whose `X-Forwarded-For` and `Forwarded` are trusted.
#[derive(Debug, Clone, Default)]
pub struct Proxies(Vec<IpNet>);

impl Proxies {
    /// Trusts the proxies in these networks.
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// Returns true if `ip` is a trusted proxy.
    pub fn trust(&self, ip: IpAddr) -> bool {
        !self.0.is_empty() && self.0.iter().any(|network| network.contains(&ip.to_canonical()))
    }

    /// Returns the client of a request over a connection from `peer`. `named`: the request has a known `Host`.
    pub(super) fn client(&self, headers: &HeaderMap, peer: SocketAddr, named: bool) -> ClientInfo {
        let peer = peer.ip().to_canonical();
        let forwarded = || PROXY_HEADERS.iter().any(|name| headers.contains_key(name));
        let ip = if self.trust(peer) { self.behind(headers, peer) } else { peer };
        ClientInfo { ip, local: named && peer.is_loopback() && !forwarded() }
    }

    /// Returns the nearest address that is not a trusted proxy. If both headers are given, one of them was not written by the
    /// proxy, and both are ignored.
    fn behind(&self, headers: &HeaderMap, peer: IpAddr) -> IpAddr {
        let by_list = || chain(headers, &FORWARDED_FOR, address);
        let by_rfc = || chain(headers, &FORWARDED, |element| forwarded_for(element).and_then(address));
        match (headers.contains_key(FORWARDED_FOR), headers.contains_key(FORWARDED)) {
            (true, false) => self.nearest(by_list(), peer),
            (false, true) => self.nearest(by_rfc(), peer),
            _ => peer,
        }
    }

    fn nearest(&self, chain: Vec<Option<IpAddr>>, peer: IpAddr) -> IpAddr {
        let mut nearest = peer;
        for hop in chain.into_iter().rev() {
            // Addresses before an unreadable one cannot be trusted.
            let Some(hop) = hop else { break };
            nearest = hop;
            if !self.trust(hop) {
                break;
            }
        }
        nearest
    }
}

/// Returns the hops that a header lists, the nearest last.
fn chain(headers: &HeaderMap, name: &HeaderName, node: fn(&str) -> Option<IpAddr>) -> Vec<Option<IpAddr>> {
    let lines = headers.get_all(name).iter();
    let hops = lines.flat_map(|line| {
        let line = line.to_str().unwrap_or("unreadable");
        line.split(',').map(str::trim).filter(|hop| !hop.is_empty()).collect::<Vec<_>>()
    });
    hops.map(node).collect()
}

/// Returns the `for` parameter of one element of `Forwarded` (RFC 7239).
fn forwarded_for(element: &str) -> Option<&str> {
    let mut pairs = element.split(';').filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    Some(value.trim().trim_matches('"'))
}

/// Parses an address with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    if let Some(inner) = text.strip_prefix('[') {
        return inner.split_once(']')?.0.parse().ok();
    }
    let ip = text.parse::<IpAddr>().or_else(|_| text.parse::<SocketAddr>().map(|both| both.ip()));
    ip.ok().map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(proxies: &[&str], peer: &str, headers: &[(&str, &str)]) -> ClientInfo {
        let proxies = Proxies::new(proxies.iter().map(|net| net.parse().unwrap()).collect());
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        proxies.client(&map, SocketAddr::new(peer.parse().unwrap(), 5), true)
    }

    #[test]
    fn only_a_trusted_proxy_names_the_client() {
        let trusted = ["127.0.0.1/32", "10.0.0.0/8"];
        for (peer, headers, who) in [
            ("127.0.0.1", &[("x-forwarded-for", "192.0.2.7")][..], "192.0.2.7"),
            ("127.0.0.1", &[("x-forwarded-for", "6.6.6.6, 192.0.2.7, 10.0.0.2")], "192.0.2.7"),
            ("127.0.0.1", &[("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "192.0.2.7")], "192.0.2.7"),
            ("127.0.0.1", &[("x-forwarded-for", "192.0.2.7:4711")], "192.0.2.7"),
            ("127.0.0.1", &[("x-forwarded-for", "[2001:db8::7]:4711")], "2001:db8::7"),
            ("127.0.0.1", &[("x-forwarded-for", "192.0.2.7, unknown")], "127.0.0.1"),
            ("127.0.0.1", &[("x-forwarded-for", "10.0.0.9")], "10.0.0.9"),
            (
                "10.1.1.1",
                &[("forwarded", "for=6.6.6.6, For=\"[2001:db8::7]:1\";proto=https;by=10.0.0.1")],
                "2001:db8::7",
            ),
            ("10.1.1.1", &[("forwarded", "proto=https")], "10.1.1.1"),
            ("10.1.1.1", &[("forwarded", "for=6.6.6.6"), ("x-forwarded-for", "192.0.2.7")], "10.1.1.1"),
            ("::ffff:10.1.1.1", &[("x-forwarded-for", "::ffff:192.0.2.7")], "192.0.2.7"),
            ("192.0.2.1", &[("x-forwarded-for", "6.6.6.6")], "192.0.2.1"),
            ("127.0.0.1", &[], "127.0.0.1"),
        ] {
            let found = client(&trusted, peer, headers).ip;
            assert_eq!(found, who.parse::<IpAddr>().unwrap(), "{peer} {headers:?}");
        }
        assert!(client(&[], "127.0.0.1", &[("x-forwarded-for", "6.6.6.6")]).ip.is_loopback());
    }

    #[test]
    fn a_forwarded_request_is_not_local() {
        assert!(client(&[], "127.0.0.1", &[]).local && client(&[], "::ffff:127.0.0.1", &[]).local);
        for name in
            ["x-forwarded-for", "forwarded", "x-real-ip", "via", "x-forwarded-host", "x-forwarded-proto"]
        {
            assert!(!client(&[], "127.0.0.1", &[(name, "x")]).local, "{name}");
        }
        assert!(!client(&[], "192.0.2.1", &[]).local);
    }
}
