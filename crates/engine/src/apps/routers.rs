//! Routers: which app answers a path of this server.

use super::state::Apps;
use super::view::MountedRouter;
use footbridge_model::hook::HookType;

impl Apps {
    /// The routers that answer `path`, in the order in which they are asked.
    pub(crate) fn routers_at(&self, path: &str) -> Vec<MountedRouter> {
        let directory = self.registry.directory.load();
        let mut found: Vec<MountedRouter> = Vec::new();
        for entry in directory.apps().filter(|entry| entry.app.enabled) {
            let Some(package) = &entry.app.package else { continue };
            for (name, router) in package.routers.iter().filter(|(_, router)| is_under(path, &router.root)) {
                found.push(MountedRouter {
                    app: entry.app.name.clone(),
                    name: name.clone(),
                    root: router.root.clone(),
                    order: router.order,
                });
            }
        }
        found.sort_by(|a, b| (a.order, &a.app, &a.name).cmp(&(b.order, &b.app, &b.name)));
        found
    }

    /// Whether `path` is one of the app's own `server` hook routes, however it is spelt.
    pub(crate) fn is_hook_route(&self, name: &str, path: &str) -> bool {
        let Ok(entry) = self.installed(name) else { return false };
        let asked = plain(path);
        let index = self.registry.index.load();
        let mut hooks = index.of(&entry.app.name).map(|entry| &entry.hook);
        hooks.any(|hook| hook.kind == HookType::Server && plain(&hook.route) == asked)
    }
}

/// Whether Express would hand `path` to what is mounted at `root`: whole segments, letters of any case.
fn is_under(path: &str, root: &str) -> bool {
    let head = path.get(..root.len());
    let rest = path.get(root.len()..).unwrap_or_default();
    head.is_some_and(|head| head.eq_ignore_ascii_case(root)) && (rest.is_empty() || rest.starts_with('/'))
}

/// A path as the laxest router would compare it: decoded, in small letters, without empty and `.`
/// segments, without its query.
fn plain(path: &str) -> String {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let decoded = decode(path).to_lowercase().replace('\\', "/");
    let mut kept: Vec<&str> = Vec::new();
    for segment in decoded.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            segment => kept.push(segment),
        }
    }
    kept.join("/")
}

fn decode(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let hex = path.get(at + 1..at + 3).filter(|_| *byte == b'%');
        let value = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(value.unwrap_or(*byte));
        at += if value.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{is_under, plain};

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
            assert_eq!(is_under(path, root), under, "{path}");
        }
    }

    #[test]
    fn a_route_is_one_however_it_is_spelt() {
        for path in [
            "/hooks/x",
            "hooks/x",
            "//hooks/./x/",
            "/%68ooks/X?y=1",
            "/a/../hooks/x",
            "/hooks%2fx",
            "\\hooks\\x",
        ] {
            assert_eq!(plain(path), "hooks/x", "{path}");
        }
        assert_ne!(plain("/hooks/xy"), "hooks/x");
    }
}
