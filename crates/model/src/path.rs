//! Paths of requests, and how the router of an app may read them.

/// Returns true if `path` is `root` or lies below it.
pub fn is_under(path: &str, root: &str) -> bool {
    path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Returns true if Express would pass `path` to a router mounted at `root`: it compares whole segments, without case.
pub fn is_mounted_under(path: &str, root: &str) -> bool {
    let head = path.get(..root.len());
    let rest = path.get(root.len()..).unwrap_or_default();
    head.is_some_and(|head| head.eq_ignore_ascii_case(root)) && (rest.is_empty() || rest.starts_with('/'))
}

/// Returns true if some router could take `path` for one of these routes, or for a path below it.
///
/// Routers read paths differently, so every reading counts: escapes are decoded until none are left, `\` is a `/`, case does
/// not matter, empty and `.` segments count for nothing, `..` removes the segment before it or is an ordinary one, and a segment
/// may have something appended to it, such as `;a=1`, `.json` or a space. Below the route `/` is no other path.
///
/// Use it only to refuse requests: most routers distinguish some of these paths.
///
/// ```
/// use footbridge_model::path::may_lead_to;
///
/// assert!(may_lead_to("/Hooks/%2e/photo;v=1/new", ["hooks/photo"]));
/// assert!(!may_lead_to("/hooks/photos", ["hooks/photo"]));
/// ```
pub fn may_lead_to<'a>(path: &str, routes: impl IntoIterator<Item = &'a str>) -> bool {
    let path = plain(path);
    let parts: Vec<PathPart<'_>> = parts(&path).collect();
    routes.into_iter().any(|route| {
        let route = plain(route.split(['?', '#']).next().unwrap_or_default());
        may_be_under(&parts, &names(&route))
    })
}

/// One segment of a path.
#[derive(Debug, Clone, Copy)]
enum PathPart<'a> {
    /// `..`
    Up,
    Name(&'a str),
}

/// Returns the segments of a plain path that count.
fn parts(path: &str) -> impl Iterator<Item = PathPart<'_>> {
    // Bytes that are not UTF-8 have become U+FFFD. Old decoders read some of them as a slash.
    path.split(['/', '\\', char::REPLACEMENT_CHARACTER]).filter_map(|segment| {
        let blank = |c: char| c.is_whitespace() || c.is_control();
        let segment = segment.trim_matches(blank);
        match segment.split([';', '\0']).next().unwrap_or_default().trim_matches(blank) {
            "" | "." => None,
            ".." => Some(PathPart::Up),
            _ => Some(PathPart::Name(segment)),
        }
    })
}

fn names(path: &str) -> Vec<&str> {
    let name = |part| match part {
        PathPart::Up => "..",
        PathPart::Name(name) => name,
    };
    parts(path).map(name).collect()
}

fn may_be_under(path: &[PathPart<'_>], route: &[&str]) -> bool {
    // As a router reads the path that resolves `..`, and as one that does not.
    let (mut resolved, mut written) = (Vec::new(), Vec::new());
    for part in path {
        match *part {
            PathPart::Up => {
                resolved.pop();
                written.push("..");
            }
            PathPart::Name(name) => {
                resolved.push(name);
                written.push(name);
            }
        }
        if !route.is_empty() && (begins_with(&resolved, route) || begins_with(&written, route)) {
            return true;
        }
    }
    route.is_empty() && resolved.is_empty()
}

fn begins_with(path: &[&str], route: &[&str]) -> bool {
    path.len() >= route.len() && path.iter().zip(route).all(|(segment, name)| may_be(segment, name))
}

/// Returns true if a segment is this name, alone or with something appended that a router may ignore.
fn may_be(segment: &str, name: &str) -> bool {
    let in_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    segment.strip_prefix(name).is_some_and(|rest| !rest.starts_with(in_name))
}

/// Returns a path in lower case and without escapes.
fn plain(path: &str) -> String {
    let mut text = path.to_owned();
    // Every round shortens the text, so the loop ends.
    while let Some(decoded) = decoded(&text) {
        text = decoded;
    }
    text.to_lowercase()
}

/// Decodes the escapes once; `None` if there are none.
fn decoded(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    let mut found = false;
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        let escaped = behind.split_at_checked(2).filter(|_| *first == b'%');
        match escaped.and_then(|(digits, behind)| Some((byte(digits)?, behind))) {
            Some((byte, behind)) => {
                (found, rest) = (true, behind);
                out.push(byte);
            }
            None => out.push(*first),
        }
    }
    found.then(|| String::from_utf8_lossy(&out).into_owned())
}

fn byte(digits: &[u8]) -> Option<u8> {
    let digit = |at: usize| char::from(*digits.get(at)?).to_digit(16);
    u8::try_from(digit(0)? << 4 | digit(1)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounted_as_express_mounts() {
        for (path, root, under) in [
            ("/api/db", "/api/db", true),
            ("/api/db/", "/api/db", true),
            ("/API/db/x", "/api/db", true),
            ("/api/dbx", "/api/db", false),
            ("/api", "/api/db", false),
            ("/ä/x", "/a", false),
        ] {
            assert_eq!(is_mounted_under(path, root), under, "{path}");
        }
    }

    #[test]
    fn every_spelling_of_a_route_and_what_is_below_it_is_found() {
        let routes = ["x", "hooks/photo?x=1"];
        for path in [
            "/hooks/photo",
            "hooks/photo",
            "/hooks/photo/",
            "/hooks/photo/deeper/still",
            "//hooks///photo",
            "/./hooks/./photo",
            "/y/../hooks/photo",
            "/../hooks/photo",
            "/hooks/photo/../y",
            "/hooks/photo/%2e%2e/y",
            "/y/..;/hooks/photo",
            "/y/..%00/hooks/photo",
            "/Hooks/PHOTO",
            "/hooks%2Fphoto",
            "/%68ooks/phot%6f",
            "/hooks/%2e/photo",
            "/hooks/%252e/photo",
            "/hooks%5cphoto",
            "/hooks\\photo",
            "/hooks%c0%afphoto",
            "/a/%2e%2E/hooks/photo",
            "/hooks/photo;v=1",
            "/hooks;a/photo",
            "/;a/hooks/photo",
            "/hooks/photo%3Bv=1/y",
            "/hooks/photo%00",
            "/hooks/photo%00.png",
            "/hooks/photo%20",
            "/hooks/%20photo",
            "/hooks/photo%0a",
            "/hooks/photo.",
            "/hooks/photo.json",
            "/hooks/photo%3Fx",
            "/hooks/photo%23x",
            "/hooks/photo%FF",
            "/hooks/photo+",
            "/hooks/photo:run",
        ] {
            assert!(may_lead_to(path, routes), "{path}");
        }
        for path in [
            "",
            "/",
            "/hooks",
            "/hooks/",
            "/hooks/photos",
            "/hooks/photo-2",
            "/photo",
            "/y/hooks/photo",
            "/%zz",
        ] {
            assert!(!may_lead_to(path, routes), "{path}");
        }
        // A hook at the root takes no other path.
        for (path, root) in [("/", true), ("//", true), ("/.", true), ("/y/..", true), ("/y", false)] {
            assert_eq!(may_lead_to(path, ["/"]), root, "{path}");
        }
        assert!(may_lead_to("/É/%C3%89x", ["é"]) && !may_lead_to("/%C3%89x", ["é"]));
    }
}
