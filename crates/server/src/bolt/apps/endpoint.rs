//! The endpoints of the API of installed apps, by method and path.

use crate::percent;
use footbridge_model::permission::Permission;
use http::Method;

/// An endpoint of the API of installed apps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Endpoint {
    Install,
    Start,
    Stop,
    List,
    Live,
    Show(String),
    Remove(String),
    Logs(String),
}

impl Endpoint {
    /// Returns the endpoint; `None` if there is none. A slash at the end is ignored.
    pub(super) fn find(method: &Method, path: &str) -> Option<Self> {
        let tail = path.strip_prefix("/api/apps")?;
        let tail = tail.strip_suffix('/').unwrap_or(tail);
        let mut parts = tail.split('/').skip(1).map(percent::decode);
        let (first, second, more) = (parts.next(), parts.next(), parts.next().is_some());
        // HTTP leaves out the body of an answer to HEAD.
        let read = method == Method::GET || method == Method::HEAD;
        let endpoint = match (first, second) {
            _ if more => return None,
            (None, None) if read => Self::List,
            (Some(name), None) => Self::at(method, read, name?)?,
            (Some(name), Some(Some(part))) if read && part == "logs" => Self::Logs(name?),
            _ => return None,
        };
        Some(endpoint)
    }

    /// Returns the permission that an administrator needs.
    pub(super) const fn permission(&self) -> Permission {
        match self {
            Self::Install | Self::Start | Self::Stop | Self::Remove(_) => Permission::AppsWrite,
            Self::List | Self::Live | Self::Show(_) => Permission::AppsRead,
            // An app may print what events carry.
            Self::Logs(_) => Permission::PayloadsRead,
        }
    }

    fn at(method: &Method, read: bool, name: String) -> Option<Self> {
        match (name.as_str(), method) {
            ("local", &Method::POST) => Some(Self::Install),
            ("start", &Method::POST) => Some(Self::Start),
            ("stop", &Method::POST) => Some(Self::Stop),
            ("@live", _) if read => Some(Self::Live),
            (_, &Method::DELETE) => Some(Self::Remove(name)),
            _ if read => Some(Self::Show(name)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_found_by_method_and_path() {
        let named = |make: fn(String) -> Endpoint, name: &str| Some(make(name.into()));
        for (method, path, call) in [
            (Method::GET, "/api/apps", Some(Endpoint::List)),
            (Method::HEAD, "/api/apps/", Some(Endpoint::List)),
            (Method::POST, "/api/apps", None),
            (Method::POST, "/api/apps/local", Some(Endpoint::Install)),
            (Method::POST, "/api/apps/start/", Some(Endpoint::Start)),
            (Method::POST, "/api/apps/stop", Some(Endpoint::Stop)),
            (Method::GET, "/api/apps/start", named(Endpoint::Show, "start")),
            (Method::GET, "/api/apps/@live", Some(Endpoint::Live)),
            (Method::GET, "/api/apps/%40live", Some(Endpoint::Live)),
            (Method::GET, "/api/apps/shop", named(Endpoint::Show, "shop")),
            (Method::DELETE, "/api/apps/shop", named(Endpoint::Remove, "shop")),
            (Method::PUT, "/api/apps/shop", None),
            (Method::GET, "/api/apps/shop/logs", named(Endpoint::Logs, "shop")),
            (Method::POST, "/api/apps/shop/logs", None),
            (Method::GET, "/api/apps/shop/logs/x", None),
            (Method::GET, "/api/apps/%ff", None),
        ] {
            assert_eq!(Endpoint::find(&method, path), call, "{method} {path}");
        }
    }
}
