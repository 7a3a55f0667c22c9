//! The settings of the console's listener.

use bytes::Bytes;
use footbridge_model::secret::Secret;
use footbridge_oidc::Provider;
use http::Response;
use http::request::Parts;
use std::sync::Arc;

/// Answers a request for a screen or a file of the console, which lives below `base`; `None` for other paths.
///
/// The files come in from outside, so that a change of one does not build the server again.
pub type Assets = fn(head: &Parts, base: &str) -> Option<Response<Bytes>>;

/// The settings of the console's listener.
#[derive(Debug, Clone)]
pub struct ConsoleSettings {
    /// URL at which browsers reach the console, with `base` and without a slash at the end.
    pub url: String,
    /// The path below which the console lives, without a slash at the end; empty for the root.
    pub base: String,
    /// True if browsers may send cookies without https over a network.
    pub insecure: bool,
    /// The files of the console.
    pub assets: Assets,
    /// The provider at which people may sign in.
    pub oidc: Option<Arc<Provider>>,
    /// URL at which users reach system apps that learn who they are, without a path; `None` if no app does.
    pub apps_url: Option<String>,
}

impl ConsoleSettings {
    /// Returns true if browsers reach the console by https.
    pub(crate) fn is_https(&self) -> bool {
        self.url.starts_with("https://")
    }

    /// Returns the address of the page that signs in by the code of a link. Browsers do not send what follows `#`.
    pub fn setup_url(&self, code: &Secret) -> String {
        format!("{}/#setup={}", self.url, code.expose())
    }

    /// Returns the origin of the console's pages.
    pub(crate) fn origin(&self) -> &str {
        let end = self.url.find("://").map_or(0, |at| at + 3);
        let path = self.url.get(end..).and_then(|rest| rest.find('/')).map_or(self.url.len(), |at| end + at);
        self.url.get(..path).unwrap_or_default()
    }

    /// Returns the path of a request below the base; `None` if it is not below.
    pub(crate) fn path_below_base<'a>(&self, path: &'a str) -> Option<&'a str> {
        let rest = path.strip_prefix(self.base.as_str())?;
        match rest {
            "" => Some("/"),
            rest => rest.starts_with('/').then_some(rest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: &str, base: &str) -> ConsoleSettings {
        ConsoleSettings {
            url: url.into(),
            base: base.into(),
            insecure: false,
            assets: |_, _| None,
            oidc: None,
            apps_url: None,
        }
    }

    #[test]
    fn the_origin_has_no_path() {
        assert_eq!(settings("https://ops.example/fb", "/fb").origin(), "https://ops.example");
        assert_eq!(settings("http://127.0.0.1:4401", "").origin(), "http://127.0.0.1:4401");
    }

    #[test]
    fn paths_are_read_below_the_base() {
        let based = settings("https://ops.example/fb", "/fb");
        assert_eq!(based.path_below_base("/fb"), Some("/"));
        assert_eq!(based.path_below_base("/fb/api/v1/apps"), Some("/api/v1/apps"));
        assert_eq!(based.path_below_base("/fbx"), None);
        assert_eq!(based.path_below_base("/api/v1/apps"), None);
        assert_eq!(settings("http://a", "").path_below_base("/x"), Some("/x"));
    }
}
