//! Which is which: publish or subscribe, by path and body.

use crate::percent;

/// What a POST is about, as far as its path tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// Subscribe to this pattern.
    Subscribe(String),
    /// One segment: subscribe if it is `*` or the body says so, else publish.
    Open(String),
    /// One segment and a trailing slash: publish unless the body has a route.
    Slash {
        /// The segment.
        name: String,
        /// The whole of it as a pattern.
        pattern: String,
    },
}

/// What the path behind `/api/events/` says; `None` when it is empty or not UTF-8.
pub(crate) fn post(tail: &str) -> Option<Target> {
    if let Some(rest) = subscription(tail) {
        return pattern(rest).map(Target::Subscribe);
    }
    match tail.split_once('/') {
        None => percent::decode(tail).filter(|name| !name.is_empty()).map(Target::Open),
        Some((name, "")) if !name.is_empty() => {
            Some(Target::Slash { name: percent::decode(name)?, pattern: pattern(tail)? })
        }
        Some(_) => pattern(tail).map(Target::Subscribe),
    }
}

/// The pattern that a DELETE is about.
pub(crate) fn delete(tail: &str) -> Option<String> {
    pattern(subscription(tail).unwrap_or(tail)).filter(|pattern| !pattern.is_empty())
}

fn subscription(tail: &str) -> Option<&str> {
    tail.strip_prefix("sub/").filter(|rest| !rest.is_empty())
}

/// Split at raw slashes first: an escaped one stays inside its part.
fn pattern(tail: &str) -> Option<String> {
    let parts: Option<Vec<String>> = tail.split('/').map(percent::decode).collect();
    parts.map(|parts| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings() {
        let subscribe = |text: &str| Some(Target::Subscribe(text.into()));
        let open = |text: &str| Some(Target::Open(text.into()));
        let slash = |name: &str| Some(Target::Slash { name: name.into(), pattern: format!("{name}/") });
        for (tail, target) in [
            ("photo-saved", open("photo-saved")),
            ("*", open("*")),
            ("camera/photo-saved", subscribe("camera/photo-saved")),
            ("sub/photo-saved", subscribe("photo-saved")),
            ("sub/camera/*", subscribe("camera/*")),
            ("sub/sub/x", subscribe("sub/x")),
            ("sub", open("sub")),
            ("sub/", slash("sub")),
            ("photo-saved/", slash("photo-saved")),
            ("camera/photo/", subscribe("camera/photo/")),
            ("/photo", subscribe("/photo")),
            ("a%2Fb", open("a/b")),
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
