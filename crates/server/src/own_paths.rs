//! The paths that the server answers itself.

/// The paths that the server answers itself, with everything below them. No app can mount a router there. Written without a
/// slash at the end.
pub const OWN_PATHS: &[&str] = &[
    "/api/v1",
    "/api/events",
    "/api/apps",
    "/x",
    "/sdk",
    "/socket.io",
    "/public",
    "/docs",
    "/console",
    "/livez",
    "/readyz",
    "/healthz",
    "/metrics",
    "/openapi.json",
];
