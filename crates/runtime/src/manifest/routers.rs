//! Reads `bolt.routers`, a map from names to `{main, root, order}`.

use super::files::Directory;
use super::members::Members;
use super::reserved::ReservedPaths;
use footbridge_model::package::{ManifestError, Router};
use serde_json::Value;
use std::collections::BTreeMap;

const NAME_MAX: usize = 128;
const ROOT_MAX: usize = 256;

pub(super) fn read(
    bolt: &Members<'_>,
    directory: Directory<'_>,
    reserved: ReservedPaths,
    warnings: &mut Vec<String>,
) -> Result<BTreeMap<String, Router>, ManifestError> {
    let at = bolt.name("routers");
    let routers = bolt.section("routers", &at)?;
    let mut read: BTreeMap<String, Router> = BTreeMap::new();
    for (name, value) in routers.iter() {
        // The name is sent in a header between the server and the Node host.
        if name.is_empty() || name.len() > NAME_MAX || !name.bytes().all(|b| b.is_ascii_graphic()) {
            let why =
                format!("is not a valid name of a router: write 1 to {NAME_MAX} visible ASCII characters");
            return Err(routers.error(name, why));
        }
        let router = read_one(&routers, name, value, directory, reserved, warnings)?;
        let same =
            |other: &&Router| other.root.eq_ignore_ascii_case(&router.root) && other.order == router.order;
        if let Some((other, _)) = read.iter().find(|(_, known)| same(known)) {
            return Err(routers.error(
                name,
                format!("has the same `root` and `order` as the router {other:?}; give one of them another `order`"),
            ));
        }
        read.insert(name.to_owned(), router);
    }
    Ok(read)
}

fn read_one(
    routers: &Members<'_>,
    name: &str,
    value: &Value,
    directory: Directory<'_>,
    reserved: ReservedPaths,
    warnings: &mut Vec<String>,
) -> Result<Router, ManifestError> {
    if let Some(file) = value.as_str() {
        let why = format!(
            "would be mounted at `/`, which is reserved for the server; write {{\"main\": {file:?}, \"root\": \"/api/{}\"}}",
            example(name)
        );
        return Err(routers.error(name, why));
    }
    let map =
        value.as_object().ok_or_else(|| routers.kind(name, "an object with `main` and `root`", value))?;
    let at = routers.name(name);
    let router = routers.inner(&at, map);
    warnings.extend(router.unknown_members(&["main", "root", "order"], &[]));
    let main = router.text("main")?.ok_or_else(|| {
        router.error("main", "is missing; write the file that exports the router, such as \"routers/api.js\"")
    })?;
    let main = directory.module(main).map_err(|why| router.error("main", why))?;
    let root = router.text("root")?.unwrap_or_default();
    let root = read_root(root, name, reserved).map_err(|why| router.error("root", why))?;
    Ok(Router { main, root, order: router.whole("order")?.unwrap_or_default() })
}

fn read_root(written: &str, name: &str, reserved: ReservedPaths) -> Result<String, String> {
    let root = format!("/{}", written.trim_matches('/'));
    let hint = format!("write another path, such as \"/api/{}\"", example(name));
    if root == "/" {
        let what = if written.is_empty() { "is missing and so" } else { "" };
        return Err(format!("{what} is `/`, which is reserved for the server; {hint}")
            .trim_start()
            .to_owned());
    }
    let segment = |part: &str| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'~' | b'-');
        !part.is_empty() && part != "." && part != ".." && part.bytes().all(plain)
    };
    if root.len() > ROOT_MAX || !root.split('/').skip(1).all(segment) {
        return Err(format!(
            "must be a path of letters, digits, `.`, `_`, `~` and `-` between single slashes; {hint}"
        ));
    }
    match reserved.clash(&root) {
        None => Ok(root),
        Some(own) => Err(format!("is `{root}`, but `{own}` is reserved for the server; {hint}")),
    }
}

/// Turns a name into a path segment for an example.
fn example(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' }).collect()
}
