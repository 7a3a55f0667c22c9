//! Decides between publish and subscribe by the path.

use crate::percent;

/// The meaning of the path of a POST.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// Subscribe to this pattern.
    Subscribe(String),
    /// One segment: subscribe if it is `*` or the body is a subscription, otherwise publish.
    Segment(String),
    /// One segment and a slash at the end: publish unless the body has a route.
    Slash {
        /// The segment without the slash.
        name: String,
        /// The full path as a pattern.
        pattern: String,
    },
}

/// Reads the path after `/api/events/`; `None` if it is empty or not UTF-8.
pub(crate) fn post(tail: &str) -> Option<Target> {
    if let Some(rest) = subscription(tail) {
        return pattern(rest).map(Target::Subscribe);
    }
    match tail.split_once('/') {
        None => percent::decode(tail).filter(|name| !name.is_empty()).map(Target::Segment),
        Some((name, "")) if !name.is_empty() => {
            Some(Target::Slash { name: percent::decode(name)?, pattern: pattern(tail)? })
        }
        Some(_) => pattern(tail).map(Target::Subscribe),
    }
}

/// Returns the pattern of a DELETE.
pub(crate) fn delete(tail: &str) -> Option<String> {
    pattern(subscription(tail).unwrap_or(tail)).filter(|pattern| !pattern.is_empty())
}

fn subscription(tail: &str) -> Option<&str> {
    tail.strip_prefix("sub/").filter(|rest| !rest.is_empty())
}

/// Splits at raw slashes before decoding: an escaped slash stays inside its segment.
fn pattern(tail: &str) -> Option<String> {
    let parts: Option<Vec<String>> = tail.split('/').map(percent::decode).collect();
    parts.map(|parts| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_with_and_without_sub_are_read() {
        let subscribe = |text: &str| Some(Target::Subscribe(text.into()));
        let segment = |text: &str| Some(Target::Segment(text.into()));
        let slash = |name: &str| Some(Target::Slash { name: name.into(), pattern: format!("{name}/") });
        for (tail, target) in [
            ("photo-saved", segment("photo-saved")),
            ("*", segment("*")),
            ("camera/photo-saved", subscribe("camera/photo-saved")),
            ("sub/photo-saved", subscribe("photo-saved")),
            ("sub/camera/*", subscribe("camera/*")),
            ("sub/sub/x", subscribe("sub/x")),
            ("sub", segment("sub")),
            ("sub/", slash("sub")),
            ("photo-saved/", slash("photo-saved")),
            ("camera/photo/", subscribe("camera/photo/")),
            ("/photo", subscribe("/photo")),
            ("a%2Fb", segment("a/b")),
            ("", None),
            ("%ff", None),
        ] {
            assert_eq!(post(tail), target, "{tail}");
        }
        assert_eq!(delete("sub/camera/x").as_deref(), Some("camera/x"));
        assert_eq!(delete("Camera%5Cx").as_deref(), Some("Camera\\x"));
        assert_eq!(delete(""), None);
    }
}
