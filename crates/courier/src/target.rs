//! A parsed URL, with everything that an attempt needs.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use std::sync::Arc;

use footbridge_model::address::{AddressClass, AddressClasses};
use http::{HeaderValue, Uri};
use rustls::pki_types::ServerName;
use url::{Host, Url};

/// The longest URL, in bytes.
pub const MAX_URL: usize = 8 * 1024;

/// A parsed `http` or `https` URL. Parsed once and used for every attempt.
///
/// The URL is stored, shown and dialled in the normal form of the `url` crate, so that the policy checks encoded addresses
/// (`0x7f.1`, `2130706433`, full-width digits) as the addresses that they are.
///
/// ```
/// use footbridge_courier::Target;
///
/// let target = Target::parse("https://Shop.example:8443/hook?x=1")?;
/// assert_eq!((target.host(), target.port()), ("shop.example", 8443));
/// assert_eq!(Target::parse("http://2130706433/")?.host(), "127.0.0.1");
/// assert!(Target::parse("http://user:secret@shop.example/").is_err());
/// # Ok::<(), footbridge_courier::TargetError>(())
/// ```
pub struct Target {
    origin: Arc<Origin>,
    url: String,
    preamble: Box<[u8]>,
    server_name: Option<ServerName<'static>>,
    literal: Option<IpAddr>,
}

/// The scheme, host and port of a URL. Targets with the same origin share connections.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) https: bool,
    pub(crate) port: u16,
    pub(crate) host: String,
}

impl Hash for Origin {
    /// Leaves out `https`, which rarely differs: the hash is computed twice per request.
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.host.as_bytes());
        state.write_u16(self.port);
    }
}

/// Why a URL cannot be a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Not an absolute URL.
    #[error("not an absolute URL")]
    Syntax,
    /// The scheme is neither `http` nor `https`.
    #[error("only http:// and https:// URLs are sent to")]
    Scheme,
    /// No host, or one that is no DNS name.
    #[error("the URL has no usable host")]
    Host,
    /// The port is 0.
    #[error("port 0 cannot be dialled")]
    Port,
    /// A user name or password.
    #[error("a URL with a user name or password is not accepted")]
    UserInfo,
    /// A character that the URL standard changes or drops without an error.
    #[error("a backslash, a space or a control character is not accepted in a URL")]
    Character,
    /// The URL has a fragment.
    #[error("a URL with a #fragment is not accepted")]
    Fragment,
    /// A query in a base URL.
    #[error("a ?query is not accepted in a URL that paths are appended to")]
    Query,
    /// The URL is longer than [`MAX_URL`].
    #[error("the URL is longer than {MAX_URL} bytes")]
    TooLong,
}

impl Target {
    /// Parses an absolute URL.
    ///
    /// # Errors
    /// [`TargetError`] for anything but `http(s)://host[:port][/path][?query]`. Backslashes, blanks and control characters,
    /// which the URL standard changes or drops without an error, are refused too.
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

    /// Parses a base URL, to which paths are appended.
    ///
    /// # Errors
    /// Like [`Target::parse`], and [`TargetError::Query`] for a query, which would be in the middle of the URL.
    pub fn parse_base(text: &str) -> Result<Self, TargetError> {
        let target = Self::parse(text)?;
        if text.contains('?') { Err(TargetError::Query) } else { Ok(target) }
    }

    /// Parses the URL of a page. It may have a fragment, which is dropped, because browsers do not send it.
    ///
    /// # Errors
    /// Like [`Target::parse`], except for the fragment.
    pub fn parse_page(text: &str) -> Result<Self, TargetError> {
        let (sent, fragment) = text.split_once('#').unwrap_or((text, ""));
        check_characters(fragment)?;
        Self::parse(sent)
    }

    /// The host, in lower case and without a final dot. An IPv6 address has no brackets.
    pub fn host(&self) -> &str {
        &self.origin.host
    }

    /// The port; the default port of the scheme if the URL has none.
    pub fn port(&self) -> u16 {
        self.origin.port
    }

    /// The complete URL in normal form. Do not log it: its path and query may contain secrets.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns true for `https`.
    pub fn is_https(&self) -> bool {
        self.origin.https
    }

    /// The address, if the host is an address.
    pub fn literal(&self) -> Option<IpAddr> {
        self.literal
    }

    /// The scheme, host and port, which hold no secret.
    pub fn place(&self) -> String {
        Url::parse(&self.url).map_or_else(|_| String::new(), |url| url.origin().ascii_serialization())
    }

    /// Returns true if both have the same scheme, host and port.
    pub fn is_same_origin(&self, other: &Self) -> bool {
        self.origin == other.origin
    }

    pub(crate) fn origin(&self) -> &Arc<Origin> {
        &self.origin
    }

    /// The request line after the method, and the `host` header line.
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

/// A host and port that the operator has opened for an app by saving a URL with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    host: String,
    port: u16,
    classes: AddressClasses,
}

impl Grant {
    /// Opens the host and port of `target` if the host is an address or `localhost`. For any other name it opens nothing
    /// but public addresses, because the owner of a name decides what it resolves to.
    pub fn for_target(target: &Target) -> Self {
        Self::with_classes(target, AddressClasses::NONE)
    }

    /// Like [`Grant::for_target`]; for a name it opens `classes`, the classes of the addresses that the name had when the
    /// operator saved it ([`CourierShared::classes_of`](crate::CourierShared::classes_of)).
    pub fn with_classes(target: &Target, classes: AddressClasses) -> Self {
        let classes = if target.literal().is_some() {
            AddressClasses::ALL
        } else if is_localhost(target.host()) {
            [AddressClass::ThisMachine].into_iter().collect()
        } else {
            classes
        };
        Self { host: target.host().to_owned(), port: target.port(), classes }
    }

    /// Returns true if the grant has the host and port of `target`.
    pub fn covers(&self, target: &Target) -> bool {
        self.port == target.port() && self.host == target.host()
    }

    /// The address classes that `grants` open for `target`; `None` if no grant covers it.
    pub fn opened_by(grants: &[Self], target: &Target) -> Option<AddressClasses> {
        let mut opened = grants.iter().filter(|grant| grant.covers(target)).map(|grant| grant.classes);
        let first = opened.next()?;
        Some(opened.fold(first, AddressClasses::with))
    }
}

/// Returns true if a name always means this machine (RFC 6761 §6.3).
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
    // The URL standard also accepts `http:host` and `http:////host`, which are mistakes.
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
            // A DNS name has at most 253 octets (RFC 1035 §2.3.4).
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
