//! Explains lines of the configuration file that are not TOML, where the parser's message does not help a person who
//! does not know TOML.

use toml::de::DeTable;

/// Keys whose values are secrets. A message never repeats them.
const SECRETS: [&str; 6] = ["admin_token", "master_key", "token", "secret_key", "signing_secret", "secret"];

/// Keys whose values are whole numbers.
const INTEGERS: [&str; 6] =
    ["connections", "shards", "hooks_per_app", "chain_deliveries", "backlog", "in_flight"];

/// Keys whose values are lists of strings.
const LISTS: [&str; 6] = ["trusted_proxies", "hosts", "allow", "schedule", "pass_env", "private"];

/// Keys whose values are `true` or `false`.
const BOOLEANS: [&str; 5] = ["docs", "http_200_errors", "receiver_enabled", "enabled", "ordered"];

/// Returns the key at the start of a line, or an empty text if there is none.
pub(super) fn key_of(line: &str) -> &str {
    let key = line.split_once('=').map_or("", |(key, _)| key.trim());
    if is_plain(key) { key } else { "" }
}

/// Returns an explanation of a line that is not TOML, or `None` if the parser's message is better.
pub(super) fn explain(line: &str) -> Option<String> {
    if line.contains(['“', '”', '„', '‘', '’']) {
        return Some("typographic quotes are not quotes in TOML; write straight ones (\")".to_owned());
    }
    let Some((key, value)) = line.split_once('=') else { return explain_colon(line) };
    let (key, value) = (key.trim(), value.trim());
    if let Some(bare) =
        bare_key(key).or_else(|| value.starts_with('{').then(|| inner_bare_key(value)).flatten())
    {
        return Some(format!("the key {bare} needs quotes; write {}", quoted("", bare)));
    }
    if !is_plain(key) || is_value(value) {
        return None;
    }
    match value.chars().next() {
        None | Some('#') => Some(format!("the value is missing; write {key} = followed by a value")),
        Some(quote @ ('"' | '\'')) => {
            let is_open = !value.get(1..).unwrap_or_default().contains(quote);
            is_open.then(|| format!("the closing {quote} of the string is missing"))
        }
        Some('[' | '{') => has_bare_entry(value)
            .then(|| format!("each string in {key} needs quotes, such as {}", example(key, value))),
        Some(_) if BOOLEANS.contains(&key) => Some("must be true or false, in lower case".to_owned()),
        Some(_) if INTEGERS.contains(&key) => Some("must be a whole number without a unit".to_owned()),
        Some(_) if LISTS.contains(&key) => {
            Some(format!("must be a list of strings; write {key} = [{}]", quoted(key, value)))
        }
        Some(_) => Some(format!("a string needs quotes; write {key} = {}", quoted(key, value))),
    }
}

/// Explains `key: value`, as other formats write it.
fn explain_colon(line: &str) -> Option<String> {
    let (key, _) = line.split_once(':')?;
    let key = key.trim();
    (!key.is_empty() && is_plain(key))
        .then(|| format!("write {key} = and the value: TOML has no `:` after a key"))
}

/// Returns a key if it is a pattern or a name that needs quotes, such as `camera/*`.
fn bare_key(key: &str) -> Option<&str> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./*".contains(&byte);
    (!is_plain(key) && key.bytes().all(is_name)).then_some(key)
}

/// Returns the first key of an inline table that needs quotes.
fn inner_bare_key(table: &str) -> Option<&str> {
    let inside = table.trim_matches(['{', '}', ' ']);
    inside.split(',').filter_map(|entry| entry.split_once('=')).find_map(|(key, _)| bare_key(key.trim()))
}

fn is_plain(key: &str) -> bool {
    key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}

fn is_value(text: &str) -> bool {
    DeTable::parse(&format!("x = {text}")).is_ok()
}

/// Returns true if a list or inline table has an entry that would be a value with quotes.
fn has_bare_entry(value: &str) -> bool {
    let inside = value.trim_matches(['[', ']', '{', '}', ' ']);
    let entries = inside.split(',').map(|entry| entry.rsplit('=').next().unwrap_or(entry).trim());
    entries
        .filter(|entry| !entry.is_empty())
        .any(|entry| !entry.starts_with(['"', '\'', '[', '{']) && !is_value(entry))
}

/// Returns the first bare entry of a list with quotes.
fn example(key: &str, value: &str) -> String {
    let inside = value.trim_matches(['[', ']', '{', '}', ' ']);
    let entry = inside.split(',').map(|entry| entry.rsplit('=').next().unwrap_or(entry).trim());
    quoted(key, entry.into_iter().find(|entry| !is_value(entry)).unwrap_or_default())
}

/// Returns a value with quotes; `"…"` if it may be or contain a secret.
fn quoted(key: &str, value: &str) -> String {
    let key = key.rsplit('.').next().unwrap_or(key);
    let value = value.split(" #").next().unwrap_or(value).trim().trim_end_matches('"');
    let is_secret = SECRETS.contains(&key) || value.contains('@');
    let shown = if is_secret { "…" } else { value };
    toml::Value::String(shown.to_owned()).to_string()
}
