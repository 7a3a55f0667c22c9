//! The bodies of the server's own events, as subscribers of Bolt expect them.

use super::objects::{AppObject, ContextObject, RoleObject, UserObject};
use bytes::Bytes;
use footbridge_engine::{AppEntry, ChainStop, SystemEvent, SystemEventFormat};
use footbridge_model::package::Router;
use serde::Serialize;

/// Writes the bodies of the server's own events as Bolt does.
#[derive(Debug, Clone, Copy)]
pub struct BoltEvents;

impl SystemEventFormat for BoltEvents {
    fn body(&self, event: &SystemEvent<'_>) -> Bytes {
        match event {
            SystemEvent::SystemStarted => Bytes::from_static(b"{}"),
            SystemEvent::AppInstalled(app)
            | SystemEvent::AppUpdated(app)
            | SystemEvent::AppUninstalling(app)
            | SystemEvent::AppUninstalled(app)
            | SystemEvent::AppDeleted(app) => json(&AppObject::of(app)),
            SystemEvent::AppStarting { app, port, public_url } => {
                let server = ServerAddress::of(public_url);
                json(&Starting { app_name: app.as_str(), app_port: *port, server })
            }
            SystemEvent::AppStarted { app, running } | SystemEvent::AppStopping { app, running } => {
                json(&ContextObject::of(app, running))
            }
            SystemEvent::AppStopped { app, running, reason } => {
                json(&Stopped { context: ContextObject::of(app, running), reason: reason.as_str() })
            }
            SystemEvent::RouterLoaded { app, name, router } => json(&RouterLoaded::of(app, name, router)),
            SystemEvent::LoopStopped(stop) => json(&LoopStopped::of(stop)),
            SystemEvent::UserCreated(user)
            | SystemEvent::UserUpdated(user)
            | SystemEvent::UserDeleted(user)
            | SystemEvent::UserLoggedIn(user)
            | SystemEvent::UserLoggedOut(user) => json(&UserObject::of(user)),
            SystemEvent::RoleCreated(role)
            | SystemEvent::RoleUpdated(role)
            | SystemEvent::RoleDeleted(role) => json(&RoleObject::of(role)),
        }
    }
}

/// A body is made of strings and numbers, so it always serialises.
fn json(body: &impl Serialize) -> Bytes {
    serde_json::to_vec(body).map_or_else(|_| Bytes::from_static(b"{}"), Bytes::from)
}

/// The body of `app-starting`. The dispatcher adds the app's token to the copy that is sent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Starting<'a> {
    app_name: &'a str,
    app_port: u16,
    #[serde(flatten)]
    server: ServerAddress<'a>,
}

/// The address of this server, in parts.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct ServerAddress<'a> {
    protocol: &'a str,
    host: &'a str,
    port: &'a str,
}

impl<'a> ServerAddress<'a> {
    fn of(public_url: &'a str) -> Self {
        let (protocol, rest) = public_url.split_once("://").unwrap_or(("http", public_url));
        let authority = rest.split('/').next().unwrap_or(rest);
        let split = authority.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
        let default_port = if protocol == "https" { "443" } else { "80" };
        let (host, port) = split.unwrap_or((authority, default_port));
        Self { protocol, host, port }
    }
}

/// The body of `app-stopped`.
#[derive(Serialize)]
struct Stopped<'a> {
    #[serde(flatten)]
    context: Option<ContextObject<'a>>,
    reason: &'static str,
}

/// The body of `app-router-loaded`.
#[derive(Serialize)]
struct RouterLoaded<'a> {
    name: &'a str,
    app: &'a str,
    path: &'a str,
    main: &'a str,
    root: &'a str,
    order: i64,
}

impl<'a> RouterLoaded<'a> {
    fn of(app: &'a AppEntry, name: &'a str, router: &'a Router) -> Self {
        let path = app.app.package.as_deref().map_or("", |package| &package.path);
        let Router { main, root, order } = router;
        Self { name, app: app.app.name.as_str(), path, main, root, order: *order }
    }
}

/// The body of `loop-stopped`.
#[derive(Serialize)]
struct LoopStopped<'a> {
    app: &'a str,
    event: &'a str,
    cause: String,
    root: String,
    depth: u32,
    reason: &'static str,
    message: &'a str,
}

impl<'a> LoopStopped<'a> {
    fn of(stop: &ChainStop<'a>) -> Self {
        Self {
            app: stop.app.as_str(),
            event: stop.event.as_str(),
            cause: stop.cause.text(),
            root: stop.root.text(),
            depth: stop.depth,
            reason: stop.reason,
            message: stop.message,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ServerAddress;

    #[test]
    fn the_address_of_the_server_in_parts() {
        for (url, protocol, host, port) in [
            ("http://127.0.0.1:4400", "http", "127.0.0.1", "4400"),
            ("https://a.example", "https", "a.example", "443"),
            ("http://a.example/base", "http", "a.example", "80"),
            ("http://[::1]:4400", "http", "[::1]", "4400"),
        ] {
            assert_eq!(ServerAddress::of(url), ServerAddress { protocol, host, port }, "{url}");
        }
    }
}
