//! `[console]`: where the console listens, and at which address browsers reach it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use footbridge_oidc::OidcSettings;
use footbridge_server::{HostName, HostsError};

use super::{oidc, section::Section, value};

/// The default address of the console.
const DEFAULT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 4401);

/// Settings of the table `[console]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleConfig {
    /// The address of the console; `None` if it is off.
    pub listen: Option<SocketAddr>,
    /// The configured URL at which browsers reach the console, without a path; see [`ConsoleConfig::url_at`].
    pub url: Option<String>,
    /// Host names that the console accepts, besides those of `url` and `listen`.
    pub hosts: Vec<HostName>,
    /// The path below which the console lives; empty for the root.
    pub base: String,
    /// True if browsers may send passwords and cookies over a network without https.
    pub insecure: bool,
    /// URL at which users reach system apps that learn who they are, without a path; `None` if no app does.
    pub apps_url: Option<String>,
    /// The provider at which people may sign in, from the table `[oidc]`.
    pub oidc: Option<OidcSettings>,
}

impl ConsoleConfig {
    /// Returns true for the default address. If another program has it, the server runs without a console.
    pub fn has_default_address(&self) -> bool {
        self.listen == Some(DEFAULT)
    }

    pub(super) fn read(top: &Section<'_>) -> Self {
        let table = top.table("console");
        let config = Self {
            listen: table.parse("listen", Some(DEFAULT), value::listen_or_off),
            url: table.parse_if_set("url", origin),
            hosts: table
                .list("hosts", |text| text.parse().map_err(|error: HostsError| error.to_string()))
                .unwrap_or_default(),
            base: table.parse("base", String::new(), base),
            insecure: table.boolean("insecure", false),
            apps_url: table.parse_if_set("apps_url", apps_origin),
            oidc: oidc::read(top),
        };
        if config.apps_url.is_some() && config.listen.is_none() {
            table.problem("apps_url", "needs the console, at which users sign in, and listen is \"off\"");
        }
        if !config.insecure {
            config.refuse_insecure(&table);
        }
        config
    }

    /// Refuses an address to which passwords and cookies would go over a network unencrypted.
    fn refuse_insecure(&self, table: &Section<'_>) {
        let advice = "put a proxy with TLS in front of the console and set url = \"https://…\", or set insecure = true";
        let https = self.url.as_ref().is_some_and(|url| url.starts_with("https://"));
        let apps = self.apps_url.as_ref().filter(|url| !url.starts_with("https://") && !is_this_machine(url));
        if apps.is_some() {
            table.problem(
                "apps_url",
                "cookies would go over the network unencrypted; put a proxy with TLS in front of the server and write \
                 \"https://…\", or set insecure = true",
            );
        }
        match (&self.url, self.listen) {
            (Some(url), _) if !https && !is_this_machine(url) => {
                table.problem("url", format!("passwords would go over the network unencrypted; {advice}"));
            }
            (_, Some(listen)) if !listen.ip().is_loopback() && !https => {
                table.problem(
                    "listen",
                    format!(
                        "{listen} is reachable over the network, and passwords would be unencrypted; {advice}"
                    ),
                );
            }
            _ => {}
        }
    }

    /// Returns the URL at which browsers reach the console that listens on `bound`, with the base and without a slash at the
    /// end.
    pub fn url_at(&self, bound: SocketAddr) -> String {
        let ip = match bound.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            ip => ip,
        };
        let origin =
            self.url.clone().unwrap_or_else(|| format!("http://{}", SocketAddr::new(ip, bound.port())));
        format!("{origin}{}", self.base)
    }
}

fn is_this_machine(url: &str) -> bool {
    match url::Url::parse(url).ok().and_then(|url| url.host().map(|host| host.to_owned())) {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// Reads a URL without a path, and returns it without a slash at the end.
fn origin(text: &str) -> Result<String, String> {
    let read = value::base_url(text)?;
    let url = url::Url::parse(&read).map_err(|error| error.to_string())?;
    if url.path() != "/" {
        return Err(format!("has a path; write the path as base = {:?}", url.path().trim_end_matches('/')));
    }
    // In the form in which browsers write it: small letters, no default port.
    Ok(url.origin().ascii_serialization())
}

/// Reads the URL of the apps' origin, and returns it without a slash at the end.
fn apps_origin(text: &str) -> Result<String, String> {
    origin(text).map_err(|error| match url::Url::parse(text) {
        Ok(url) if url.path() != "/" => {
            "has a path; apps are below /x/ of this URL, so write it without one".to_owned()
        }
        _ => error,
    })
}

/// Reads the path below which the console lives.
fn base(text: &str) -> Result<String, String> {
    let path = text.trim_end_matches('/');
    let segment = |part: &str| {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
        !part.is_empty() && part.bytes().all(fits) && part != "." && part != ".."
    };
    let good = path.is_empty() || path.strip_prefix('/').is_some_and(|rest| rest.split('/').all(segment));
    if good {
        Ok(path.to_owned())
    } else {
        Err(format!(
            "{text:?} is not a path; write one such as \"/footbridge\", of letters, digits and `-._~`"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_is_a_plain_path() {
        assert_eq!(base("/fb/").as_deref(), Ok("/fb"));
        assert_eq!(base("/").as_deref(), Ok(""));
        assert_eq!(base("/a/b").as_deref(), Ok("/a/b"));
        for bad in ["fb", "/a b", "/../x", "//", "/a//b", "/<x>", "https://a/fb"] {
            assert!(base(bad).is_err() || bad == "//", "{bad}");
        }
    }

    #[test]
    fn a_url_is_an_origin() {
        assert_eq!(origin("https://Ops.example:443/").as_deref(), Ok("https://ops.example"));
        assert!(origin("https://ops.example/fb").unwrap_err().contains("base = \"/fb\""));
        assert!(origin("ftp://ops.example").is_err());
    }
}
