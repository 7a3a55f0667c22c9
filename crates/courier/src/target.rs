//! A URL read once: everything an attempt needs to know about where it goes.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use std::sync::Arc;

use footbridge_model::address::{AddressClass, AddressClasses};
use http::{HeaderValue, Uri};
use rustls::pki_types::ServerName;
use url::{Host, Url};

/// Longest URL taken, in bytes.
pub const MAX_URL: usize = 8 * 1024;

/// A parsed `http` or `https` URL. Cheap to share, reused for every attempt.
///
/// There is one parser: what is kept, shown and dialled is the form `url` normalised, so that encoded addresses
/// (`0x7f.1`, `2130706433`, full-width digits) are judged as what they are.
pub struct Target {
    origin: Arc<Origin>,
    url: String,
    preamble: Box<[u8]>,
    server_name: Option<ServerName<'static>>,
    literal: Option<IpAddr>,
}

/// Whom a connection leads to; connections are shared among the targets of one origin.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) https: bool,
    pub(crate) port: u16,
    pub(crate) host: String,
}

impl Hash for Origin {
    /// Without what hardly ever tells two apart: it is done twice for each request.
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.host.as_bytes());
        state.write_u16(self.port);
    }
}

/// Why a URL is not one we send to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    #[error("not an absolute URL")]
    Syntax,
    #[error("only http:// and https:// URLs are sent to")]
    Scheme,
    #[error("the URL has no usable host")]
    Host,
    #[error("port 0 cannot be dialled")]
    Port,
    #[error("a URL with a user name or password is not accepted")]
    UserInfo,
    #[error("a backslash, a space or a control character is not accepted in a URL")]
    Character,
    #[error("a URL with a #fragment is not accepted")]
    Fragment,
    #[error("a ?query is not accepted in a URL that paths are put behind")]
    Query,
    #[error("the URL is longer than {MAX_URL} bytes")]
    TooLong,
}

impl Target {
    /// Reads an absolute URL.
    ///
    /// # Errors
    /// Anything but a plain `http(s)://host[:port][/path][?query]`: user info, fragments, backslashes, blanks and
    /// control characters (which the URL standard drops silently) included.
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        check_text(text)?;
        let url = Url::parse(text).map_err(|_| TargetError::Syntax)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(TargetError::UserInfo);
        }
        if url.fragment().is_some() {
            return Err(TargetError::Fragment);
        }
        let (host, literal) = host_of(&url)?;
        let port = url.port_or_known_default().filter(|port| *port != 0).ok_or(TargetError::Port)?;
        let https = url.scheme() == "https";
        let host_header = match (url.port(), literal) {
            (None, Some(IpAddr::V6(ip))) => format!("[{ip}]"),
            (None, _) => host.clone(),
            (Some(port), Some(IpAddr::V6(ip))) => format!("[{ip}]:{port}"),
            (Some(port), _) => format!("{host}:{port}"),
        };
        Ok(Self {
            preamble: preamble(&origin_form(&url)?, &host_header)?,
            server_name: if https { Some(server_name(&host, literal)?) } else { None },
            origin: Arc::new(Origin { https, port, host }),
            url: url.into(),
            literal,
        })
    }

    /// Reads a URL that paths are put behind.
    ///
    /// # Errors
    /// As [`Target::parse`], and for a query, which would end up in the middle.
    pub fn parse_base(text: &str) -> Result<Self, TargetError> {
        let target = Self::parse(text)?;
        if text.contains('?') { Err(TargetError::Query) } else { Ok(target) }
    }

    /// Reads the URL of a page. A fragment is fine there and no part of the target, since no browser sends it.
    ///
    /// # Errors
    /// As [`Target::parse`] but for the fragment.
    pub fn parse_page(text: &str) -> Result<Self, TargetError> {
        let (sent, fragment) = text.split_once('#').unwrap_or((text, ""));
        check_characters(fragment)?;
        Self::parse(sent)
    }

    /// The host in lower case and without a final dot; an address without brackets.
    pub fn host(&self) -> &str {
        &self.origin.host
    }

    /// The port, the scheme's own when the URL names none.
    pub fn port(&self) -> u16 {
        self.origin.port
    }

    /// The whole URL in normal form. Its path and query may hold something secret: not for logs.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether it is spoken to over TLS.
    pub fn is_https(&self) -> bool {
        self.origin.https
    }

    /// The address, when the host is one.
    pub fn literal(&self) -> Option<IpAddr> {
        self.literal
    }

    pub(crate) fn origin(&self) -> &Arc<Origin> {
        &self.origin
    }

    /// The request line behind the method, and the `host` line.
    pub(crate) fn preamble(&self) -> &[u8] {
        &self.preamble
    }

    pub(crate) fn server_name(&self) -> Option<&ServerName<'static>> {
        self.server_name.as_ref()
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Target").field(&self.origin).finish()
    }
}

/// One host and port the operator opened by writing a URL there into an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    host: String,
    port: u16,
    opened: AddressClasses,
}

impl Grant {
    /// Opens exactly the host and port of `target`: the address that it is, this machine if it is `localhost`, and
    /// for any other name nothing that is not open to all. Whoever owns a name decides where it leads.
    pub fn of(target: &Target) -> Self {
        Self::seen(target, AddressClasses::NONE)
    }

    /// As [`Grant::of`], for a name whose addresses were of these classes when the operator wrote it.
    pub fn seen(target: &Target, classes: AddressClasses) -> Self {
        let opened = if target.literal().is_some() {
            AddressClasses::ALL
        } else if is_localhost(target.host()) {
            [AddressClass::ThisMachine].into_iter().collect()
        } else {
            classes
        };
        Self { host: target.host().to_owned(), port: target.port(), opened }
    }

    /// Whether it opens `target`.
    pub fn covers(&self, target: &Target) -> bool {
        self.port == target.port() && self.host == target.host()
    }

    /// The classes of addresses that these open for `target`; `None` when none of them covers it.
    pub fn opened(grants: &[Self], target: &Target) -> Option<AddressClasses> {
        let mut opened = grants.iter().filter(|grant| grant.covers(target)).map(|grant| grant.opened);
        let first = opened.next()?;
        Some(opened.fold(first, AddressClasses::with))
    }
}

/// Whether a name always means this machine (RFC 6761 §6.3).
pub(crate) fn is_localhost(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost")
}

fn check_characters(text: &str) -> Result<(), TargetError> {
    if text.bytes().any(|b| b <= b' ' || b == b'\\' || b == 0x7f) {
        return Err(TargetError::Character);
    }
    Ok(())
}

fn check_text(text: &str) -> Result<(), TargetError> {
    if text.len() > MAX_URL {
        return Err(TargetError::TooLong);
    }
    check_characters(text)?;
    let (scheme, rest) = text.split_once(':').ok_or(TargetError::Syntax)?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return Err(TargetError::Scheme);
    }
    // The URL standard also takes `http:host` and `http:////host`; nobody means them.
    match rest.strip_prefix("//") {
        Some(rest) if !rest.starts_with('/') => {}
        _ => return Err(TargetError::Syntax),
    }
    // An empty user name (`http://@host`) leaves no trace after parsing.
    let authority = rest.trim_start_matches('/').split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') { Err(TargetError::UserInfo) } else { Ok(()) }
}

fn host_of(url: &Url) -> Result<(String, Option<IpAddr>), TargetError> {
    match url.host() {
        Some(Host::Ipv4(ip)) => Ok((ip.to_string(), Some(IpAddr::V4(ip)))),
        Some(Host::Ipv6(ip)) => Ok((ip.to_string(), Some(IpAddr::V6(ip)))),
        Some(Host::Domain(name)) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            // 253 octets is the most a name can have in DNS (RFC 1035 §2.3.4).
            if name.is_empty() || name.len() > 253 || name.split('.').any(str::is_empty) {
                return Err(TargetError::Host);
            }
            Ok((name.to_ascii_lowercase(), None))
        }
        None => Err(TargetError::Host),
    }
}

fn origin_form(url: &Url) -> Result<Uri, TargetError> {
    let text = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    Uri::try_from(text).map_err(|_| TargetError::Character)
}

fn preamble(uri: &Uri, host: &str) -> Result<Box<[u8]>, TargetError> {
    let host = HeaderValue::try_from(host).map_err(|_| TargetError::Host)?;
    let line = format!(" {uri} HTTP/1.1\r\nhost: ");
    Ok([line.as_bytes(), host.as_bytes(), b"\r\n"].concat().into())
}

fn server_name(host: &str, literal: Option<IpAddr>) -> Result<ServerName<'static>, TargetError> {
    match literal {
        Some(ip) => Ok(ServerName::IpAddress(ip.into())),
        None => ServerName::try_from(host.to_owned()).map_err(|_| TargetError::Host),
    }
}
