//! Hooks: which app receives which events, and where they are sent.

use crate::hook_state::{Pause, SwitchedOff};
use crate::id::HookId;
use crate::name::AppName;
use crate::pattern::Pattern;
use crate::time::Millis;
use serde::Serialize;
use std::net::IpAddr;
use std::str::FromStr;
use url::Url;

/// The default number of deliveries of one hook that may be in flight.
pub const IN_FLIGHT: u8 = 8;
/// The largest number of deliveries in flight that a hook may ask for.
pub const MAX_IN_FLIGHT: u8 = 64;
/// The longest route, in bytes.
pub const ROUTE_MAX: usize = 2048;

/// The type of a hook, which determines how its route is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum HookType {
    /// The route is a path of the app.
    #[default]
    Server,
    /// The route is an absolute URL.
    Web,
    /// The route is a path of a mounted router.
    Router,
    /// The route is the name of a function of the app.
    Function,
}

impl HookType {
    /// The name of the type in packages, files and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Web => "web",
            Self::Router => "router",
            Self::Function => "function",
        }
    }
}

/// The text is not the name of a hook type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown hook type: use `server`, `web`, `router` or `function`")]
pub struct BadHookType;

impl FromStr for HookType {
    type Err = BadHookType;

    fn from_str(text: &str) -> Result<Self, BadHookType> {
        match text.to_ascii_lowercase().as_str() {
            "server" => Ok(Self::Server),
            "web" => Ok(Self::Web),
            "router" => Ok(Self::Router),
            "function" => Ok(Self::Function),
            _ => Err(BadHookType),
        }
    }
}

/// The rule for receivers that do not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum AnswerRule {
    /// Without an answer, the attempt has failed.
    #[default]
    Required,
    /// Without an answer before the deadline, the delivery ends as unanswered.
    Optional,
}

impl AnswerRule {
    /// The name of the rule in packages, files and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Optional => "optional",
        }
    }
}

/// The text is neither `required` nor `optional`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`answer` is `required` or `optional`")]
pub struct BadAnswerRule;

impl FromStr for AnswerRule {
    type Err = BadAnswerRule;

    fn from_str(text: &str) -> Result<Self, BadAnswerRule> {
        match text {
            "required" => Ok(Self::Required),
            "optional" => Ok(Self::Optional),
            _ => Err(BadAnswerRule),
        }
    }
}

/// The lifetime of a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// The hook exists until it is deleted.
    Persistent,
    /// The hook exists until its app stops, the server stops, or it is deleted.
    Transient,
}

/// Who may change a hook, an app or a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Only the configuration file.
    File,
    /// The administration API or, for transient hooks, the app itself.
    Api,
    /// The `package.json` of the app. Only another installation changes it.
    Package,
}

impl Origin {
    /// The origin as text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Api => "api",
            Self::Package => "package",
        }
    }
}

/// Options of a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HookOptions {
    /// The rule for receivers that do not answer.
    pub answer: AnswerRule,
    /// The largest number of deliveries in flight, 1 to [`MAX_IN_FLIGHT`].
    pub in_flight: u8,
    /// True to deliver in the order of acceptance, one at a time. Later events wait while the first one is retried.
    pub ordered: bool,
}

impl Default for HookOptions {
    fn default() -> Self {
        Self { answer: AnswerRule::Required, in_flight: IN_FLIGHT, ordered: false }
    }
}

/// A hook: the wish of an app to receive some events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// The id of the hook.
    pub id: HookId,
    /// The app that receives the events.
    pub app: AppName,
    /// The events to receive.
    pub pattern: Pattern,
    /// The path, URL or function that receives the events, as it was given.
    pub route: String,
    /// The type, which determines how the route is read.
    pub kind: HookType,
    /// How long the hook exists.
    pub lifetime: Lifetime,
    /// Who may change the hook.
    pub origin: Origin,
    /// False if the hook is switched off.
    pub enabled: bool,
    /// The time of creation.
    pub created_at: Millis,
    /// Answer rule, number in flight and order.
    pub options: HookOptions,
    /// The pause of its lane, if it is paused.
    pub paused: Option<Pause>,
    /// How it was switched off; `None` while it is on, and if an older version switched it off.
    pub off: Option<SwitchedOff>,
}

/// The reason why a route is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRoute {
    /// The route is empty.
    #[error("`route` is empty")]
    Empty,
    /// The route is longer than [`ROUTE_MAX`].
    #[error("`route` is longer than {ROUTE_MAX} bytes")]
    TooLong,
    /// The route is not a plain path. Holds the hook type.
    #[error("a `{0}` route is a path of the app: no scheme, `..`, `\\`, `#` or control characters")]
    NotPath(&'static str),
    /// The route is a URL, where a path is expected. Holds the hook type.
    #[error(
        "a `{0}` route is a path of the app, and this is a URL: for a URL say \"type\": \"web\" (`--type web`)"
    )]
    IsUrl(&'static str),
    /// The route is not a URL.
    #[error("a `web` route is an absolute http or https URL without user name, or `host[:port][/path]`")]
    NotUrl,
}

/// Checks that `route` is a path, for a `server` or `router` hook.
///
/// # Errors
/// [`BadRoute`] if it is empty, too long, or not a plain path.
pub fn check_path(kind: HookType, route: &str) -> Result<(), BadRoute> {
    check_length(route)?;
    let scheme = route.split(['/', '?']).next().is_some_and(|first| first.contains(':'));
    let path = route.split('?').next().unwrap_or(route);
    let climbs = path.split('/').any(|segment| {
        let plain = segment.to_ascii_lowercase().replace("%2e", ".");
        plain == ".." || plain == "."
    });
    let wrong = |c: char| c == '\\' || c == '#' || c.is_control() || c.is_whitespace();
    if route.contains("://") && scheme && !route.contains(wrong) {
        return Err(BadRoute::IsUrl(kind.as_str()));
    }
    if scheme || climbs || route.contains(wrong) {
        return Err(BadRoute::NotPath(kind.as_str()));
    }
    Ok(())
}

/// The absolute URL that a `web` route stands for: the route itself, or `http://` before a bare host.
///
/// ```
/// use footbridge_model::hook::web_url;
///
/// assert_eq!(web_url("localhost:3000/hooks").as_deref(), Ok("http://localhost:3000/hooks"));
/// assert!(web_url("hooks/photo").is_err());
/// ```
///
/// # Errors
/// [`BadRoute`] if it is empty, too long, or neither a URL nor a bare host.
pub fn web_url(route: &str) -> Result<String, BadRoute> {
    check_length(route)?;
    if route.contains(|c: char| c == '\\' || c == '#' || c.is_control() || c.is_whitespace()) {
        return Err(BadRoute::NotUrl);
    }
    let lower = route.to_ascii_lowercase();
    let given = lower.starts_with("http://") || lower.starts_with("https://");
    if !given && !is_bare_host(route) {
        return Err(BadRoute::NotUrl);
    }
    let text = if given { route.to_owned() } else { format!("http://{route}") };
    let url = Url::parse(&text).map_err(|_| BadRoute::NotUrl)?;
    let authority = text.split('/').nth(2).unwrap_or_default();
    if authority.is_empty() || authority.contains('@') || url.host_str().is_none() || url.port() == Some(0) {
        return Err(BadRoute::NotUrl);
    }
    Ok(url.into())
}

fn check_length(route: &str) -> Result<(), BadRoute> {
    match route.len() {
        0 => Err(BadRoute::Empty),
        length if length > ROUTE_MAX => Err(BadRoute::TooLong),
        _ if route.trim().is_empty() => Err(BadRoute::Empty),
        _ => Ok(()),
    }
}

fn is_bare_host(route: &str) -> bool {
    let authority = route.split(['/', '?']).next().unwrap_or_default();
    if let Some(rest) = authority.strip_prefix('[') {
        let Some((address, port)) = rest.split_once(']') else { return false };
        return address.parse::<IpAddr>().is_ok() && is_port_suffix(port);
    }
    let (host, port) =
        authority.split_once(':').map_or((authority, ""), |(host, _)| (host, &authority[host.len()..]));
    let named = host.eq_ignore_ascii_case("localhost") || (host.contains('.') && !host.starts_with('.'));
    let plain = host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-') || b >= 0x80);
    named && plain && is_port_suffix(port)
}

fn is_port_suffix(text: &str) -> bool {
    text.is_empty() || text.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn web_routes() {
        for (route, url) in [
            ("https://a.example/x?y=1", "https://a.example/x?y=1"),
            ("a.example", "http://a.example/"),
            ("a.example:8080/p", "http://a.example:8080/p"),
            ("localhost:9/x", "http://localhost:9/x"),
            ("127.0.0.1:3000", "http://127.0.0.1:3000/"),
            ("[::1]:3000/x", "http://[::1]:3000/x"),
            ("https://a.example/@user", "https://a.example/@user"),
            ("HTTP://A.example", "http://a.example/"),
        ] {
            assert_eq!(web_url(route).as_deref(), Ok(url), "{route}");
        }
        for bad in [
            "hooks/photo",
            "/hooks",
            "photo",
            "ftp://a.example",
            "javascript:alert(1)",
            "https://u:p@a.example",
            "https://u@a.example/",
            "a.example:99999",
            "https://",
            "a b.example",
            "https://a.example/#f",
            "a.example\\x",
            "unix:/tmp/x",
            "https://a.example\\@b.example",
            "u@a.example",
            "https://a.example:0/",
        ] {
            assert_eq!(web_url(bad), Err(BadRoute::NotUrl), "{bad}");
        }
        assert_eq!(web_url(""), Err(BadRoute::Empty));
    }

    #[test]
    fn server_routes() {
        for good in ["hooks/photo", "/hooks/photo?x=1:2", "a/b:c", "//x", "..x/y", "x?..=../"] {
            assert_eq!(check_path(HookType::Server, good), Ok(()), "{good}");
        }
        for bad in
            ["http://x/y", "a:b", "../x", "a/../b", "a/%2e%2E/b", "x#y", "x\ny", "a\\b", "a b", "x/.%2e"]
        {
            assert!(check_path(HookType::Server, bad).is_err(), "{bad}");
        }
    }
}
