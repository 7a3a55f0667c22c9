//! Which paths are the server's own: no router is mounted there and no router hook leads there.

use footbridge_model::path::{OURS, is_under};

/// The path of ours that `path` is or lies under. Express reads paths without regard to case, so this
/// does too.
pub(super) fn ours(path: &str) -> Option<&'static str> {
    let path = path.split('?').next().unwrap_or_default().to_ascii_lowercase();
    OURS.into_iter().find(|own| is_under(&path, own))
}

/// The path of ours that `root` is, lies under or would swallow.
pub(super) fn clash(root: &str) -> Option<&'static str> {
    let root = root.to_ascii_lowercase();
    ours(&root).or_else(|| OURS.into_iter().find(|own| is_under(own, &root)))
}

#[cfg(test)]
mod tests {
    use super::clash;

    #[test]
    fn whole_segments_count() {
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
