//! The host names that requests may use.

use http::header::HOST;
use http::{HeaderMap, Uri};
use std::collections::HashSet;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// The longest host name, in characters; the limit of DNS.
const NAME_MAX: usize = 253;

/// A name in `[server] hosts`: an exact name, or `*.` and a suffix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostName(HostPattern);

#[derive(Debug, Clone, PartialEq, Eq)]
enum HostPattern {
    Name(String),
    /// A suffix that begins with a dot.
    Suffix(String),
    Address(IpAddr),
}

/// Why a text is not a host name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostsError {
    /// The text has a port or a scheme.
    #[error("{0:?} has a port or a scheme; write the name alone, such as \"hooks.example.com\"")]
    NotAlone(String),
    /// The text is not a host name.
    #[error(
        "{0:?} is not a host name; write one such as \"hooks.example.com\", or \"*.example.com\" for all names below it"
    )]
    NotAName(String),
}

impl FromStr for HostName {
    type Err = HostsError;

    fn from_str(text: &str) -> Result<Self, HostsError> {
        if let Ok(address) = text.trim_matches(['[', ']']).parse() {
            return Ok(Self(HostPattern::Address(address)));
        }
        if text.contains([':', '/']) {
            return Err(HostsError::NotAlone(text.to_owned()));
        }
        let (is_suffix, name) = match text.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let name = plain(name.as_bytes()).ok_or_else(|| HostsError::NotAName(text.to_owned()))?;
        Ok(Self(if is_suffix { HostPattern::Suffix(format!(".{name}")) } else { HostPattern::Name(name) }))
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            HostPattern::Name(name) => f.write_str(name),
            HostPattern::Suffix(suffix) => write!(f, "*{suffix}"),
            HostPattern::Address(address) => address.fmt(f),
        }
    }
}

/// The host names and addresses of the server. Ports are ignored: a proxy may use another.
#[derive(Debug, Default)]
pub struct Hosts {
    names: HashSet<String>,
    suffixes: Vec<String>,
    addresses: HashSet<IpAddr>,
    any_address: bool,
    localhost: bool,
    /// The setting that adds names, for messages; empty for that of the server.
    setting: &'static str,
}

impl Hosts {
    /// Returns the names of a server with this `public_url` and these listen addresses, and the names in `more`.
    ///
    /// A server that listens on loopback is also `localhost`. A server that listens on every address accepts every address
    /// as its name: it cannot know them all, and DNS rebinding needs a name, not an address.
    pub fn new(public_url: &str, listen: &[SocketAddr], more: &[HostName]) -> Self {
        let mut hosts = Self::default();
        hosts.add(public_url);
        for address in listen {
            let ip = address.ip().to_canonical();
            hosts.any_address |= ip.is_unspecified();
            hosts.localhost |= ip.is_unspecified() || ip.is_loopback();
            hosts.addresses.insert(ip);
        }
        for HostName(pattern) in more {
            match pattern {
                HostPattern::Name(name) => drop(hosts.names.insert(name.clone())),
                HostPattern::Suffix(suffix) => hosts.suffixes.push(suffix.clone()),
                HostPattern::Address(address) => drop(hosts.addresses.insert(address.to_canonical())),
            }
        }
        hosts
    }

    /// Adds the host of a URL.
    #[must_use]
    pub fn with(mut self, url: Option<&str>) -> Self {
        if let Some(url) = url {
            self.add(url);
        }
        self
    }

    fn add(&mut self, url: &str) {
        match split(authority(url).as_bytes()) {
            Some(Host::Name(name)) => drop(self.names.insert(name)),
            Some(Host::Address(address)) => drop(self.addresses.insert(address)),
            None => {}
        }
    }

    /// Names the setting that adds names, for messages.
    #[must_use]
    pub fn set_by(self, setting: &'static str) -> Self {
        Self { setting, ..self }
    }

    /// Returns the error text for an unknown host name.
    pub(super) fn unknown(&self, host: &[u8]) -> String {
        unknown(host, if self.setting.is_empty() { "[server] hosts" } else { self.setting })
    }

    /// Returns true if a `Host`, with or without a port, names this server.
    pub(super) fn contains(&self, host: &[u8]) -> bool {
        match split(host) {
            Some(Host::Address(ip)) => {
                self.any_address || self.addresses.contains(&ip) || self.localhost && ip.is_loopback()
            }
            Some(Host::Name(name)) => {
                self.localhost && (name == "localhost" || name.ends_with(".localhost"))
                    || self.names.contains(&name)
                    || self.suffixes.iter().any(|suffix| name.ends_with(suffix) && name.len() > suffix.len())
            }
            None => false,
        }
    }
}

/// Returns the error text for an unknown host name.
fn unknown(host: &[u8], setting: &str) -> String {
    let name = match split(host) {
        Some(Host::Name(name)) => name,
        Some(Host::Address(address)) => address.to_string(),
        None => {
            let text = String::from_utf8_lossy(host);
            let shown: String = text.chars().filter(|c| !c.is_control()).take(NAME_MAX).collect();
            return format!("the Host {shown:?} is not a name or an address with or without a port");
        }
    };
    format!(
        "this server is not known as {name:?}; if it is meant to be reached by that name, add it to the configuration: {setting} = [{name:?}]"
    )
}

/// Returns the host of a URL, with its port.
fn authority(url: &str) -> &str {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
    authority.split(['/', '?', '#']).next().unwrap_or_default()
}

/// Returns true if a request names the host of a URL. Ports are ignored.
pub(crate) fn names_host_of(url: &str, uri: &Uri, headers: &HeaderMap) -> bool {
    // A request in absolute form ignores its `Host` (RFC 9112 §3.2.2).
    let named = uri.authority().map(|authority| authority.as_str().as_bytes());
    let named = named.or_else(|| headers.get(HOST).map(http::HeaderValue::as_bytes));
    named.and_then(split).is_some_and(|named| split(authority(url).as_bytes()) == Some(named))
}

#[derive(PartialEq, Eq)]
enum Host {
    Name(String),
    Address(IpAddr),
}

fn split(host: &[u8]) -> Option<Host> {
    let text = std::str::from_utf8(host).ok()?;
    if let Some(inner) = text.strip_prefix('[') {
        let (address, port) = inner.split_once(']')?;
        is_port(port).then_some(())?;
        let address: std::net::Ipv6Addr = address.parse().ok()?;
        return Some(Host::Address(IpAddr::V6(address).to_canonical()));
    }
    let name = match text.find(':') {
        Some(at) => {
            let (name, port) = text.split_at_checked(at)?;
            is_port(port).then_some(name)?
        }
        None => text,
    };
    if let Ok(address) = name.parse::<std::net::Ipv4Addr>() {
        return Some(Host::Address(address.into()));
    }
    plain(name.as_bytes()).map(Host::Name)
}

/// Returns true for an empty text and for a colon with or without digits (RFC 9112 allows none).
fn is_port(text: &str) -> bool {
    text.is_empty() || text.strip_prefix(':').is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()))
}

/// Returns a host name in lower case without its final dot; `None` if it is not one.
fn plain(name: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(name).ok()?;
    let name = name.strip_suffix('.').unwrap_or(name);
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    let whole = !name.is_empty() && name.len() <= NAME_MAX && !name.split('.').any(str::is_empty);
    (whole && name.bytes().all(fits)).then(|| name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(public_url: &str, listen: &str, more: &[&str]) -> Hosts {
        let more: Vec<HostName> = more.iter().map(|text| text.parse().unwrap()).collect();
        Hosts::new(public_url, &[listen.parse().unwrap()], &more)
    }

    #[test]
    fn a_server_on_loopback_accepts_only_its_names() {
        let hosts =
            hosts("https://Hooks.Example/base", "127.0.0.1:4400", &["gate.internal", "*.apps.example"]);
        for known in [
            "127.0.0.1:4400",
            "127.0.0.1",
            "127.0.0.2:9",
            "[::1]:4400",
            "[::ffff:127.0.0.1]",
            "localhost:4400",
            "LOCALHOST.",
            "shop.localhost",
            "hooks.example",
            "HOOKS.EXAMPLE.:443",
            "hooks.example:",
            "gate.internal:1",
            "a.apps.example",
            "a.b.apps.example",
        ] {
            assert!(hosts.contains(known.as_bytes()), "{known}");
        }
        for unknown in [
            "evil.example",
            "evil.example:4400",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "evillocalhost",
            "apps.example",
            "xapps.example",
            "10.0.0.1",
            "[2001:db8::1]",
            "0.0.0.0:4400",
            "user@127.0.0.1",
            "127.0.0.1:4400:1",
            "127.0.0.1:a",
            "[::1",
            "[::1]x",
            "127.1",
            "2130706433",
            "localhost,evil.example",
            "hooks..example",
            "a b",
            "",
            ":4400",
            "\u{ff4c}ocalhost",
        ] {
            assert!(!hosts.contains(unknown.as_bytes()), "{unknown}");
        }
        assert!(!hosts.contains(b"\xff"));
    }

    #[test]
    fn a_server_on_every_address_accepts_every_address() {
        let everywhere = hosts("http://127.0.0.1:4400", "0.0.0.0:4400", &[]);
        for known in ["10.1.2.3:4400", "[2001:db8::1]", "localhost", "127.0.0.1"] {
            assert!(everywhere.contains(known.as_bytes()), "{known}");
        }
        assert!(!everywhere.contains(b"evil.example"));
        let here = hosts("http://10.0.0.7:4400", "10.0.0.7:4400", &[]);
        assert!(here.contains(b"10.0.0.7:4400"));
        for unknown in ["localhost:4400", "127.0.0.1", "10.0.0.8"] {
            assert!(!here.contains(unknown.as_bytes()), "{unknown}");
        }
    }

    #[test]
    fn host_names_in_the_configuration_are_checked() {
        for text in ["a.example", "*.example", "10.0.0.1", "[::1]", "::1", "localhost", "A.Example."] {
            assert!(text.parse::<HostName>().is_ok(), "{text}");
        }
        for text in ["", "*", "a.example:80", "http://a.example", "a b", "*.", "a.*", "ä.example"] {
            assert!(text.parse::<HostName>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_unknown_name_is_named_with_the_configuration_key() {
        assert_eq!(
            unknown(b"Evil.Example:80", "[server] hosts"),
            "this server is not known as \"evil.example\"; if it is meant to be reached by that name, add it to the configuration: [server] hosts = [\"evil.example\"]"
        );
        assert!(!unknown(b"a\x1b[31m b", "[server] hosts").contains('\u{1b}'));
    }
}
