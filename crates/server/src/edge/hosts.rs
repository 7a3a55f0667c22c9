//! The names that `Host` may say.

use std::collections::HashSet;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// The longest name that is shown in an error; none in DNS is longer.
const SHOWN: usize = 253;

/// A name of `[server] hosts`: exact, or `*.` and the end of all names that are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostName(Written);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Written {
    Name(String),
    /// With the dot before it.
    End(String),
    Address(IpAddr),
}

/// Why a text is no name of a host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostsError {
    /// It has a port.
    #[error("{0:?} has a port or a scheme; write the name alone, such as \"hooks.example.com\"")]
    NotAlone(String),
    /// It is none at all.
    #[error(
        "{0:?} is no host name; write one such as \"hooks.example.com\", or \"*.example.com\" for all names below it"
    )]
    NoName(String),
}

impl FromStr for HostName {
    type Err = HostsError;

    fn from_str(text: &str) -> Result<Self, HostsError> {
        if let Ok(address) = text.trim_matches(['[', ']']).parse() {
            return Ok(Self(Written::Address(address)));
        }
        if text.contains([':', '/']) {
            return Err(HostsError::NotAlone(text.to_owned()));
        }
        let (end, name) = match text.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let name = plain(name.as_bytes()).ok_or_else(|| HostsError::NoName(text.to_owned()))?;
        Ok(Self(if end { Written::End(format!(".{name}")) } else { Written::Name(name) }))
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Written::Name(name) => f.write_str(name),
            Written::End(end) => write!(f, "*{end}"),
            Written::Address(address) => address.fmt(f),
        }
    }
}

/// Every name by which the server may be asked. Ports do not count: what is in front may have another.
#[derive(Debug, Default)]
pub struct Hosts {
    names: HashSet<String>,
    ends: Vec<String>,
    addresses: HashSet<IpAddr>,
    any_address: bool,
    localhost: bool,
}

impl Hosts {
    /// The names of a server with this `public_url` that listens at these addresses, and those of `more`.
    ///
    /// Who listens on loopback is `localhost` too. Who listens on every address cannot know them all (some are
    /// translated on the way), and need not: no name that somebody else controls is an address.
    pub fn new(public_url: &str, listen: &[SocketAddr], more: &[HostName]) -> Self {
        let mut hosts = Self::default();
        let authority = public_url.split_once("://").map_or(public_url, |(_, rest)| rest);
        let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
        match split(authority.as_bytes()) {
            Some(Host::Name(name)) => drop(hosts.names.insert(name)),
            Some(Host::Address(address)) => drop(hosts.addresses.insert(address)),
            None => {}
        }
        for address in listen {
            let ip = address.ip().to_canonical();
            hosts.any_address |= ip.is_unspecified();
            hosts.localhost |= ip.is_unspecified() || ip.is_loopback();
            hosts.addresses.insert(ip);
        }
        for HostName(written) in more {
            match written {
                Written::Name(name) => drop(hosts.names.insert(name.clone())),
                Written::End(end) => hosts.ends.push(end.clone()),
                Written::Address(address) => drop(hosts.addresses.insert(address.to_canonical())),
            }
        }
        hosts
    }

    /// Whether a `Host`, with or without a port, is one of them.
    pub(super) fn knows(&self, host: &[u8]) -> bool {
        match split(host) {
            Some(Host::Address(ip)) => {
                self.any_address || self.addresses.contains(&ip) || self.localhost && ip.is_loopback()
            }
            Some(Host::Name(name)) => {
                self.localhost && (name == "localhost" || name.ends_with(".localhost"))
                    || self.names.contains(&name)
                    || self.ends.iter().any(|end| name.ends_with(end) && name.len() > end.len())
            }
            None => false,
        }
    }
}

/// What to say of a name that is not known.
pub(super) fn unknown(host: &[u8]) -> String {
    let name = match split(host) {
        Some(Host::Name(name)) => name,
        Some(Host::Address(address)) => address.to_string(),
        None => {
            let text = String::from_utf8_lossy(host);
            let shown: String = text.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
            return format!("the Host {shown:?} is not a name or an address with or without a port");
        }
    };
    format!(
        "this server is not known as {name:?}; if it is meant to be reached by that name, add it to the configuration: [server] hosts = [{name:?}]"
    )
}

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

/// Nothing, or a colon and digits (RFC 9112 lets them be left out).
fn is_port(text: &str) -> bool {
    text.is_empty() || text.strip_prefix(':').is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()))
}

/// A name in lower case and without its final dot.
fn plain(name: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(name).ok()?;
    let name = name.strip_suffix('.').unwrap_or(name);
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    let whole = !name.is_empty() && name.len() <= SHOWN && !name.split('.').any(str::is_empty);
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
    fn who_listens_on_loopback_is_known_by_its_names_only() {
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
            assert!(hosts.knows(known.as_bytes()), "{known}");
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
            assert!(!hosts.knows(unknown.as_bytes()), "{unknown}");
        }
        assert!(!hosts.knows(b"\xff"));
    }

    #[test]
    fn who_listens_everywhere_is_known_by_any_address() {
        let everywhere = hosts("http://127.0.0.1:4400", "0.0.0.0:4400", &[]);
        for known in ["10.1.2.3:4400", "[2001:db8::1]", "localhost", "127.0.0.1"] {
            assert!(everywhere.knows(known.as_bytes()), "{known}");
        }
        assert!(!everywhere.knows(b"evil.example"));
        let here = hosts("http://10.0.0.7:4400", "10.0.0.7:4400", &[]);
        assert!(here.knows(b"10.0.0.7:4400"));
        for unknown in ["localhost:4400", "127.0.0.1", "10.0.0.8"] {
            assert!(!here.knows(unknown.as_bytes()), "{unknown}");
        }
    }

    #[test]
    fn names_in_the_configuration() {
        for text in ["a.example", "*.example", "10.0.0.1", "[::1]", "::1", "localhost", "A.Example."] {
            assert!(text.parse::<HostName>().is_ok(), "{text}");
        }
        for text in ["", "*", "a.example:80", "http://a.example", "a b", "*.", "a.*", "ä.example"] {
            assert!(text.parse::<HostName>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_unknown_name_is_named_with_the_key() {
        assert_eq!(
            unknown(b"Evil.Example:80"),
            "this server is not known as \"evil.example\"; if it is meant to be reached by that name, add it to the configuration: [server] hosts = [\"evil.example\"]"
        );
        assert!(!unknown(b"a\x1b[31m b").contains('\u{1b}'));
    }
}
