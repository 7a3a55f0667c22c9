//! Paths that are reserved for the server. Routers cannot be mounted there, and router hooks cannot lead there.

use footbridge_model::path::{OURS, is_under};

/// Returns the reserved path that `path` equals or lies under. Ignores case, as Express does.
pub(super) fn reserved_path(path: &str) -> Option<&'static str> {
    let path = path.split('?').next().unwrap_or_default().to_ascii_lowercase();
    OURS.into_iter().find(|own| is_under(&path, own))
}

/// Returns the reserved path that `root` equals, lies under or contains.
pub(super) fn clash(root: &str) -> Option<&'static str> {
    let root = root.to_ascii_lowercase();
    reserved_path(&root).or_else(|| OURS.into_iter().find(|own| is_under(own, &root)))
}

#[cfg(test)]
mod tests {
    use super::clash;

    #[test]
    fn paths_are_compared_by_complete_segments() {
        for (root, own) in [
            ("/api/events", "/api/events"),
            ("/API/Apps/x", "/api/apps"),
            ("/api", "/api/v1"),
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
