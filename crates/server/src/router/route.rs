//! The URL map of the server: the surface that each path belongs to.

use crate::metrics::Surface;
use crate::own_paths::OWN_PATHS;
use crate::{bridge, page};
use footbridge_model::exchange::Direction;
use footbridge_model::path::is_under;
use http::Method;

/// The surface that a path belongs to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// The two endpoints of the event bridge.
    Exchange(Direction),
    /// The events API of Bolt.
    Events,
    /// The settings of this miniapp; `None` for an unknown path below `/api/v1/miniapps`. Pages may read both answers.
    Miniapp(Option<String>),
    /// The stream of live events (SSE).
    Stream,
    /// A file that is built into the program; `None` if there is none at this path.
    File(Option<&'static page::File>),
    /// The endpoint of both Socket.IO transports.
    Socket,
    /// Custom events that pages forward.
    Forward,
    /// The API of installed apps.
    Apps,
    /// An installed app below `/x/`.
    App,
    /// A public file of an installed app.
    Public,
    /// The documentation of the product.
    Docs,
    /// Administration, probes, and unknown paths below those of the server.
    Admin,
    /// A path that is not the server's. A router of an app may answer it.
    Open,
}

impl Route {
    /// Returns the surface whose credentials are checked here; `None` if the server checks none.
    pub(super) const fn credential_surface(&self) -> Option<Surface> {
        match self {
            Self::Exchange(_) => Some(Surface::Bridge),
            Self::Events => Some(Surface::Events),
            Self::Miniapp(_) | Self::Admin | Self::Apps => Some(Surface::Admin),
            Self::Stream | Self::Socket | Self::Forward => Some(Surface::Live),
            Self::File(_) | Self::Public | Self::App | Self::Docs | Self::Open => None,
        }
    }

    /// Returns the route of a path.
    pub(super) fn of(path: &str) -> Self {
        let exchange =
            || path.strip_prefix("/api/v1/event-bridge/").and_then(bridge::direction).map(Self::Exchange);
        if is_under(path, "/api/events") {
            return Self::Events;
        }
        match path {
            "/api/v1/events/stream" => return Self::Stream,
            "/api/v1/forward" => return Self::Forward,
            _ => {}
        }
        if let Some(route) = exchange() {
            return route;
        }
        if is_under(path, "/api/v1/miniapps") {
            let tail = path.strip_prefix("/api/v1/miniapps/");
            return Self::Miniapp(tail.and_then(bridge::settings_of));
        }
        match OWN_PATHS.iter().copied().find(|root| is_under(path, root)) {
            Some("/api/apps") => Self::Apps,
            Some("/x") => Self::App,
            Some("/docs") => Self::Docs,
            Some("/sdk") => Self::File(page::find(path)),
            Some("/public") => match page::find(path) {
                None if !is_under(path, "/public/bolt") => Self::Public,
                file => Self::File(file),
            },
            Some("/socket.io") => page::find(path).map_or(Self::Socket, |file| Self::File(Some(file))),
            Some(_) => Self::Admin,
            None => Self::Open,
        }
    }
}

/// The conclusion that an answer allows about the credential of its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CredentialCheck {
    /// The credential is checked first: any answer other than 401 shows that it is valid.
    First,
    /// The credential is checked before success: a successful answer shows that it is valid.
    BeforeSuccess,
    /// A wrong credential is noticed, a valid one looks like none.
    Optional,
}

impl Route {
    /// Returns the conclusion that an answer allows about a request's credential; `None` if the server checks none.
    pub(super) fn credential_check(&self, method: &Method, path: &str) -> Option<CredentialCheck> {
        match self {
            Self::Exchange(_) if *method == Method::POST => Some(CredentialCheck::First),
            Self::Events if matches!(*method, Method::POST | Method::DELETE) && is_event(path) => {
                Some(CredentialCheck::First)
            }
            Self::Apps => Some(CredentialCheck::First),
            Self::Admin if is_under(path, "/api/v1") => Some(CredentialCheck::BeforeSuccess),
            Self::Exchange(_) | Self::Events | Self::Admin | Self::Stream | Self::Forward | Self::Socket => {
                Some(CredentialCheck::Optional)
            }
            // Apps check the credentials of their own pages.
            Self::Miniapp(_) | Self::File(_) | Self::Public | Self::App | Self::Docs | Self::Open => None,
        }
    }

    /// Returns true for probes and administration, which stay reachable when the server is full.
    pub(super) fn is_for_operators(&self) -> bool {
        matches!(self, Self::Admin | Self::Apps)
    }
}

/// Returns true if the events API has an endpoint for this path.
fn is_event(path: &str) -> bool {
    path.strip_prefix("/api/events/").is_some_and(|tail| !tail.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_belong_to_their_surfaces() {
        for (path, route) in [
            ("/api/v1/event-bridge/hostapp", Route::Exchange(Direction::ToMiniapp)),
            ("/api/v1/event-bridge/miniapp/", Route::Exchange(Direction::ToHost)),
            ("/api/v1/event-bridge/miniapp/x", Route::Admin),
            ("/api/events", Route::Events),
            ("/api/events/camera/*", Route::Events),
            ("/api/eventsx", Route::Open),
            ("/api/v1/miniapps/shop/settings", Route::Miniapp(Some("shop".into()))),
            ("/api/v1/miniapps/a%20b/settings/", Route::Miniapp(Some("a b".into()))),
            ("/api/v1/miniapps/shop", Route::Miniapp(None)),
            ("/api/v1/miniapps/%ff/settings/", Route::Miniapp(None)),
            ("/api/v1/miniappsx", Route::Admin),
            ("/api/v1/events/stream", Route::Stream),
            ("/api/v1/events/streams", Route::Admin),
            ("/api/v1/forward", Route::Forward),
            ("/socket.io/", Route::Socket),
            ("/socket.io/socket.io.js", Route::File(page::find("/socket.io/socket.io.js"))),
            ("/sdk/nothing", Route::File(None)),
            ("/public/bolt/native/js/none.js", Route::File(None)),
            ("/public/shop/a.css", Route::Public),
            ("/public/bolted/a.css", Route::Public),
            ("/api/v1/apps", Route::Admin),
            ("/api/apps", Route::Apps),
            ("/api/apps/shop/logs", Route::Apps),
            ("/api/appsx", Route::Open),
            ("/x/shop", Route::App),
            ("/xs", Route::Open),
            ("/api/v1/apps/x", Route::Admin),
            ("/metrics", Route::Admin),
            ("/docs", Route::Docs),
            ("/docs/errors/invalid", Route::Docs),
            ("/docsx", Route::Open),
            ("/api/db/things", Route::Open),
            ("/", Route::Open),
        ] {
            assert_eq!(Route::of(path), route, "{path}");
        }
    }
}
