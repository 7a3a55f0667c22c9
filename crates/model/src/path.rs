//! Paths of requests: which are the server's own, and how the router of an app may read the others.

/// What the server answers itself, with everything below: nothing that an app mounts is ever asked there.
/// Written without a slash at the end.
pub const OURS: [&str; 14] = [
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

/// Whether `path` is `root` or lies below it.
pub fn is_under(path: &str, root: &str) -> bool {
    path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether Express would hand `path` to what is mounted at `root`: whole segments, letters of any case.
pub fn is_mounted_under(path: &str, root: &str) -> bool {
    let head = path.get(..root.len());
    let rest = path.get(root.len()..).unwrap_or_default();
    head.is_some_and(|head| head.eq_ignore_ascii_case(root)) && (rest.is_empty() || rest.starts_with('/'))
}

/// One spelling for all that a router could take for the same path: escapes are decoded as long as there are any,
/// `\` is `/`, empty and `.` parts are left out, `..` takes back the part before it, case does not count, nor does
/// a slash at the end. What follows a `?` is no part of it. Begins with `/`.
///
/// It is for refusing: two paths that are one for the strictest reader may differ for others.
pub fn canonical(path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    let mut text = path.to_owned();
    // Each round makes it shorter, so there is a last one.
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

/// The text with its escapes decoded once; `None` when there are none.
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
    fn one_spelling_for_all() {
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
