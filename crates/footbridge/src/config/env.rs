//! Values from the environment, such as `FOOTBRIDGE_LISTEN` and `FOOTBRIDGE_BRIDGE__TIMEOUT`.

use std::collections::BTreeMap;

use footbridge_model::words::nearest;

use super::{
    error::{Origin, Problem},
    keys,
    raw::{Item, RawTable, Value},
};

/// The environment variables at the start of the program.
pub type Env = BTreeMap<String, String>;

const PREFIX: &str = "FOOTBRIDGE_";

/// Names with the prefix that are not keys: they are for the command line, logging, and apps that the server starts.
const NOT_KEYS: &[&str] =
    &["SERVER", "CONFIG", "LOG", "LOG_FORMAT", "APP", "APP_TOKEN", "CONTEXT", "CONTEXTS"];

/// Replaces values of the file by values of the environment. Returns a warning for every name that is not a key.
///
/// An empty variable counts as not set, because container files cannot unset a variable.
pub fn overlay(root: &mut RawTable, env: &Env) -> Vec<Problem> {
    let mut warnings = Vec::new();
    for (name, value) in env {
        let Some(rest) = name.strip_prefix(PREFIX) else { continue };
        if value.is_empty() || NOT_KEYS.contains(&rest) {
            continue;
        }
        let path = rest.to_ascii_lowercase();
        let origin = Origin::Env(name.clone());
        let (table, key) = path.split_once("__").unwrap_or(("", &path));
        let known = if table.is_empty() { keys::TOP } else { keys::of(table) };
        if !known.contains(&key) {
            warnings.push(Problem { origin, key: String::new(), message: unknown(&path) });
            continue;
        }
        put(root, table, key, Item { value: Value::Text(value.clone()), origin });
    }
    warnings
}

/// Sets one item. If `table` is not a table in the file, nothing changes, and reading the table reports the problem.
pub fn put(root: &mut RawTable, table: &str, key: &str, item: Item) {
    if table.is_empty() {
        root.insert(key.to_owned(), item);
        return;
    }
    let empty = Item { value: Value::Table(RawTable::new()), origin: Origin::Default };
    if let Value::Table(inner) = &mut root.entry(table.to_owned()).or_insert(empty).value {
        inner.insert(key.to_owned(), item);
    }
}

fn unknown(path: &str) -> String {
    let in_tables =
        keys::TABLES.iter().flat_map(|(table, keys)| keys.iter().map(move |key| format!("{table}__{key}")));
    let all: Vec<String> = keys::TOP.iter().map(|key| (*key).to_owned()).chain(in_tables).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let similar =
        nearest(path, &all).map(|name| format!("; did you mean {PREFIX}{}?", name.to_ascii_uppercase()));
    format!("is not a configuration key and is ignored{}", similar.unwrap_or_default())
}
