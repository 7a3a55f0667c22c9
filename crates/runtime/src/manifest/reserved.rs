//! Paths that are reserved for the server. Routers cannot be mounted there, and router hooks cannot lead there.

use footbridge_model::path::is_under;

/// The paths that are reserved for the server, written without a slash at the end.
#[derive(Debug, Clone, Copy)]
pub struct ReservedPaths(pub &'static [&'static str]);

impl ReservedPaths {
    /// Returns the reserved path that `path` equals or lies under. Ignores case, as Express does.
    pub(super) fn above(self, path: &str) -> Option<&'static str> {
        let path = path.split('?').next().unwrap_or_default().to_ascii_lowercase();
        self.0.iter().copied().find(|own| is_under(&path, own))
    }

    /// Returns the reserved path that `root` equals, lies under or contains.
    pub(super) fn clash(self, root: &str) -> Option<&'static str> {
        let root = root.to_ascii_lowercase();
        self.above(&root).or_else(|| self.0.iter().copied().find(|own| is_under(own, &root)))
    }
}

#[cfg(test)]
mod tests {
    use super::ReservedPaths;

    #[test]
    fn paths_are_compared_by_complete_segments() {
        let reserved = ReservedPaths(&["/api/v1", "/api/events", "/api/apps", "/x", "/public"]);
        for (root, own) in [
            ("/api/events", "/api/events"),
            ("/API/Apps/x", "/api/apps"),
            ("/api", "/api/v1"),
            ("/x/shop", "/x"),
            ("/public/bolt", "/public"),
        ] {
            assert_eq!(reserved.clash(root), Some(own), "{root}");
        }
        for free in ["/api/db", "/api/users", "/xylophone", "/api/eventsource", "/api/v10", "/shop"] {
            assert_eq!(reserved.clash(free), None, "{free}");
        }
    }
}
