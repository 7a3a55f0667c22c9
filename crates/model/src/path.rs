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

/// The canonical spelling of a path: equal for all paths that a router could treat as one.
///
/// Escapes are decoded until none are left, `\` becomes `/`, empty and `.` segments are removed, `..` removes the segment
/// before it, and the result is in lower case without a query and without a slash at the end. It begins with `/`.
///
/// Use it only to refuse requests: most routers distinguish some of these paths.
///
/// ```
/// use footbridge_model::path::canonical;
///
/// assert_eq!(canonical("/Hooks/%2e/photo/?x=1"), "/hooks/photo");
/// ```
pub fn canonical(path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    let mut text = path.to_owned();
    // Every round shortens the text, so the loop ends.
    while let Some(decoded) = decoded(&text) {
        text = decoded;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in text.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/")).to_lowercase()
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
    fn every_spelling_becomes_the_canonical_one() {
        for path in [
            "/hooks/photo",
            "hooks/photo",
            "/hooks/photo/",
            "//hooks///photo",
            "/./hooks/./photo",
            "/x/../hooks/photo",
            "/../hooks/photo",
            "/Hooks/PHOTO",
            "/hooks%2Fphoto",
            "/%68ooks/phot%6f",
            "/hooks/%2e/photo",
            "/hooks/%252e/photo",
            "/hooks%5cphoto",
            "/hooks\\photo",
            "/a/%2e%2E/hooks/photo",
            "/hooks/photo?x=/y",
        ] {
            assert_eq!(canonical(path), "/hooks/photo", "{path}");
        }
        for (path, plain) in
            [("", "/"), ("/", "/"), ("/100%", "/100%"), ("/%zz", "/%zz"), ("/É", "/é"), ("/%C3%89", "/é")]
        {
            assert_eq!(canonical(path), plain, "{path}");
        }
        assert_ne!(canonical("/hooks/photos"), "/hooks/photo");
    }
}
