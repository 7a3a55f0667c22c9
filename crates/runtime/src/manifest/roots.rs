//! Which paths are the server's own: no router is mounted there and no router hook leads there.

/// What the server answers itself, with everything below. Written without a slash at the end.
const OURS: [&str; 14] = [
    "/api/events",
    "/api/apps",
    "/api/v1",
    "/x",
    "/sdk",
    "/socket.io",
    "/public",
    "/docs",
    "/livez",
    "/readyz",
    "/healthz",
    "/metrics",
    "/openapi.json",
    "/console",
];

/// The path of ours that `path` is or lies under. Express reads paths without regard to case, so this
/// does too.
pub(super) fn ours(path: &str) -> Option<&'static str> {
    let path = path.to_ascii_lowercase();
    OURS.into_iter().find(|own| is_under(&path, own))
}

/// The path of ours that `root` is, lies under or would swallow.
pub(super) fn clash(root: &str) -> Option<&'static str> {
    let root = root.to_ascii_lowercase();
    ours(&root).or_else(|| OURS.into_iter().find(|own| is_under(own, &root)))
}

fn is_under(path: &str, root: &str) -> bool {
    path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
}

#[cfg(test)]
mod tests {
    use super::clash;

    #[test]
    fn whole_segments_count() {
        for (root, own) in [
            ("/api/events", "/api/events"),
            ("/API/Apps/x", "/api/apps"),
            ("/api", "/api/events"),
            ("/x/shop", "/x"),
            ("/public/bolt", "/public"),
        ] {
            assert_eq!(clash(root), Some(own), "{root}");
        }
        for free in ["/api/db", "/api/users", "/xylophone", "/api/eventsource", "/api/v10", "/shop"] {
            assert_eq!(clash(free), None, "{free}");
        }
    }
}
