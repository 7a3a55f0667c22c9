//! The origin at which system apps learn who visits them.

use crate::edge;
use footbridge_model::secret::Secret;
use http::{HeaderMap, Uri};
use std::fmt;
use zeroize::Zeroizing;

/// The path at which a sign-in begins, as in Bolt.
pub(crate) const LOGIN: &str = "/login";
/// The path to which the console sends the browser back.
pub(crate) const DONE: &str = "/login/done";
/// The path that signs out, as in Bolt.
pub(crate) const LOGOUT: &str = "/logout";

/// The longest path to return to after a sign-in, in bytes.
const RETURN_MAX: usize = 2000;

/// Returns the address at the apps' origin that uses a code up.
pub(crate) fn finish_url(apps_url: &str, code: &Secret) -> String {
    format!("{apps_url}{DONE}?code={}", code.expose())
}

/// The origin at which system apps learn who visits them. Only system apps are served under its host name, because pages of
/// one origin can do everything that any of them can.
pub struct VisitorSite {
    /// The origin, without a slash at the end.
    origin: String,
    /// URL of the console, without a slash at the end.
    console: String,
    /// URL of the server, which apps may put before the path to return to.
    public_url: String,
    key: Zeroizing<[u8; 32]>,
}

impl fmt::Debug for VisitorSite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VisitorSite").field("origin", &self.origin).finish_non_exhaustive()
    }
}

impl VisitorSite {
    /// Creates the site of an origin. `key` signs its cookies.
    pub fn new(origin: &str, console: &str, public_url: &str, key: Zeroizing<[u8; 32]>) -> Self {
        let [origin, console, public_url] =
            [origin, console, public_url].map(|url| url.trim_end_matches('/').to_owned());
        Self { origin, console, public_url, key }
    }

    /// The origin, without a slash at the end.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// The key of the cookies.
    pub(super) fn key(&self) -> &[u8] {
        self.key.as_slice()
    }

    /// Returns true if browsers reach the origin by https.
    pub(crate) fn is_https(&self) -> bool {
        self.origin.starts_with("https://")
    }

    /// Returns true if a request names the host of this origin. Ports are ignored, as cookies ignore them.
    pub(crate) fn is_named_by(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        edge::names_host_of(&self.origin, uri, headers)
    }

    /// Returns the address of the console's page that hands a session over to the browser with this state.
    pub(crate) fn console_page(&self, state: &str) -> String {
        format!("{}/apps-sign-in?state={state}", self.console)
    }

    /// Returns the path to return to, for the text that an app or a user gave: a path of this origin, or `/`. A URL of this
    /// server counts by its path, because Bolt's apps put the server's address before it.
    pub(crate) fn return_path(&self, wanted: &str) -> String {
        let below =
            |url: &str| wanted.strip_prefix(url).filter(|rest| rest.is_empty() || rest.starts_with('/'));
        let path = below(&self.origin).or_else(|| below(&self.public_url)).unwrap_or(wanted);
        // Browsers read a backslash as a slash, and two slashes as the beginning of a host.
        let good = path.starts_with('/')
            && !path.starts_with("//")
            && path.len() <= RETURN_MAX
            && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        if good { path.to_owned() } else { "/".to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_to_another_origin() {
        let site = VisitorSite::new(
            "http://localhost:4400",
            "http://127.0.0.1:4401/",
            "http://127.0.0.1:4400/",
            Zeroizing::new([0; 32]),
        );
        for (wanted, path) in [
            ("/x/desk/?a=b#c", "/x/desk/?a=b#c"),
            ("http://localhost:4400/x/desk/", "/x/desk/"),
            ("http://127.0.0.1:4400/x/desk/", "/x/desk/"),
            ("http://127.0.0.1:4400", "/"),
            ("http://localhost:44001/x", "/"),
            ("http://localhost:4400@evil.example/", "/"),
            ("http://localhost:4400//evil.example/", "/"),
            ("//evil.example/", "/"),
            ("/\\evil.example/", "/"),
            ("\\/evil.example", "/"),
            ("https://evil.example/", "/"),
            ("javascript:alert(1)", "/"),
            ("/\t/evil.example", "/"),
            ("/a\r\nSet-Cookie: x=y", "/"),
            ("x/desk", "/"),
            ("", "/"),
        ] {
            assert_eq!(site.return_path(wanted), path, "{wanted}");
        }
        assert_eq!(site.return_path(&format!("/{}", "a".repeat(RETURN_MAX))), "/");
    }
}
