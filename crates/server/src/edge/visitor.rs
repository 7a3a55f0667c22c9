//! Who sends a request: the peer of the connection, or, behind a proxy that is trusted, whom that proxy names.

use http::header::{FORWARDED, HeaderMap, HeaderName, VIA};
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// What tells that a request was passed on.
const PASSED_ON: [HeaderName; 6] = [
    FORWARDED_FOR,
    FORWARDED,
    VIA,
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-real-ip"),
];

/// Who sends a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visitor {
    /// Its address, in canonical form.
    pub ip: IpAddr,
    /// Whether it is a program of this machine that asks for this server by a name of it: no proxy passed the request
    /// on, and it cannot come from a page whose name was made to lead here.
    pub local: bool,
}

/// Whose `X-Forwarded-For` and `Forwarded` count.
#[derive(Debug, Clone, Default)]
pub struct Proxies(Vec<IpNet>);

impl Proxies {
    /// These networks.
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// Whether this address is a proxy's.
    pub fn trust(&self, ip: IpAddr) -> bool {
        !self.0.is_empty() && self.0.iter().any(|network| network.contains(&ip.to_canonical()))
    }

    /// Who sends a request with these headers over a connection from `peer`. `named`: it has a known `Host`.
    pub(super) fn visitor(&self, headers: &HeaderMap, peer: SocketAddr, named: bool) -> Visitor {
        let peer = peer.ip().to_canonical();
        let passed_on = || PASSED_ON.iter().any(|name| headers.contains_key(name));
        let ip = if self.trust(peer) { self.behind(headers, peer) } else { peer };
        Visitor { ip, local: named && peer.is_loopback() && !passed_on() }
    }

    /// The nearest address that is not a trusted proxy's. With both headers, which need not agree, one was not
    /// written by the proxy, and neither is believed.
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
            // What cannot be read says nothing of what lies before it.
            let Some(hop) = hop else { break };
            nearest = hop;
            if !self.trust(hop) {
                break;
            }
        }
        nearest
    }
}

/// The hops that a header lists, the nearest last.
fn chain(headers: &HeaderMap, name: &HeaderName, node: fn(&str) -> Option<IpAddr>) -> Vec<Option<IpAddr>> {
    let lines = headers.get_all(name).iter();
    let hops = lines.flat_map(|line| {
        let line = line.to_str().unwrap_or("unreadable");
        line.split(',').map(str::trim).filter(|hop| !hop.is_empty()).collect::<Vec<_>>()
    });
    hops.map(node).collect()
}

/// The `for` of one element of `Forwarded` (RFC 7239).
fn forwarded_for(element: &str) -> Option<&str> {
    let mut pairs = element.split(';').filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    Some(value.trim().trim_matches('"'))
}

/// An address, with a port or without.
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

    fn visitor(proxies: &[&str], peer: &str, headers: &[(&str, &str)]) -> Visitor {
        let proxies = Proxies::new(proxies.iter().map(|net| net.parse().unwrap()).collect());
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        proxies.visitor(&map, SocketAddr::new(peer.parse().unwrap(), 5), true)
    }

    #[test]
    fn only_a_trusted_proxy_says_who_is_behind_it() {
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
            let found = visitor(&trusted, peer, headers).ip;
            assert_eq!(found, who.parse::<IpAddr>().unwrap(), "{peer} {headers:?}");
        }
        assert!(visitor(&[], "127.0.0.1", &[("x-forwarded-for", "6.6.6.6")]).ip.is_loopback());
    }

    #[test]
    fn what_was_passed_on_is_not_local_whoever_did() {
        assert!(visitor(&[], "127.0.0.1", &[]).local && visitor(&[], "::ffff:127.0.0.1", &[]).local);
        for name in
            ["x-forwarded-for", "forwarded", "x-real-ip", "via", "x-forwarded-host", "x-forwarded-proto"]
        {
            assert!(!visitor(&[], "127.0.0.1", &[(name, "x")]).local, "{name}");
        }
        assert!(!visitor(&[], "192.0.2.1", &[]).local);
    }
}
