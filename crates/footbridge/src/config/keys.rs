//! All keys of the configuration by table, and messages for unknown keys.

use footbridge_model::words::nearest;

/// The names of the keys of one table.
pub type Keys = &'static [&'static str];

/// Keys at the top of the file, before the first table.
pub const TOP: Keys = &["listen", "public_url", "database", "admin_token", "master_key"];

/// Tables that a file has at most once, with their keys.
pub const TABLES: &[(&str, Keys)] = &[
    ("server", &["drain", "connections", "trusted_proxies", "hosts", "docs", "shards"]),
    ("console", &["listen", "url", "hosts", "base", "insecure", "apps_url"]),
    ("oidc", &["issuer", "client_id", "client_secret", "name", "scopes", "claim", "roles"]),
    ("egress", &["allow", "timeout", "ca_file"]),
    ("bridge", &["timeout"]),
    ("retry", &["schedule"]),
    ("bolt", &["http_200_errors", "answer_wait"]),
    ("runtime", &["dir", "user", "start_timeout", "idle_timeout", "function_timeout", "pass_env"]),
    (
        "limits",
        &[
            "event_body",
            "bridge_body",
            "answer_body",
            "publish_rate",
            "hooks_per_app",
            "chain_deliveries",
            "backlog",
            "backlog_bytes",
        ],
    ),
    ("journal", &["keep", "keep_dead", "keep_audit"]),
    ("stats", &["enabled"]),
];

/// Keys of an `[[app]]` table.
pub const APP: Keys = &[
    "name",
    "token",
    "secret_key",
    "signing_secret",
    "token_prefix",
    "receiver_url",
    "receiver_enabled",
    "receiver_auth",
    "ca_file",
    "url",
    "miniapp_url",
    "hooks",
    "private",
];

/// Keys of an app's `receiver_auth`.
pub const RECEIVER_AUTH: Keys = &["name", "secret"];

/// Keys of a hook that is written as a table.
pub const HOOK: Keys = &["route", "type", "answer", "in_flight", "ordered"];

/// Keys of a `[[link]]` table.
pub const LINK: Keys = &["host", "miniapp", "enabled"];

/// Returns the keys of a table; none for an unknown table.
pub fn of(table: &str) -> Keys {
    TABLES.iter().find(|(name, _)| *name == table).map_or(&[], |(_, keys)| keys)
}

/// Returns all names at the top of the file: keys, tables, `app` and `link`.
pub fn top_level() -> Vec<&'static str> {
    let tables = TABLES.iter().map(|(name, _)| *name);
    TOP.iter().copied().chain(tables).chain(["app", "link"]).collect()
}

/// Returns the message for a key that `table` (empty for the top) does not have.
pub fn unknown(key: &str, table: &str, known: &[&str]) -> String {
    if ["port", "host", "address", "bind"].contains(&key) && !known.contains(&key) {
        return "unknown key; the address to listen on is `listen` at the top of the file, such as listen = \"127.0.0.1:4400\"".to_owned();
    }
    if let Some(similar) = nearest(key, known) {
        return format!("unknown key; did you mean {similar:?}?");
    }
    if !table.is_empty() && TOP.contains(&key) {
        return format!(
            "unknown key in [{table}]; {key:?} belongs at the top of the file, before the first [table]"
        );
    }
    if let Some((owner, _)) = TABLES.iter().find(|(name, keys)| *name != table && keys.contains(&key)) {
        return format!("unknown key; {key:?} belongs in [{owner}]");
    }
    format!("unknown key; known keys here: {}", known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_names_the_place_of_a_misplaced_key() {
        assert!(unknown("listen", "server", of("server")).contains("before the first [table]"));
        assert!(unknown("schedule", "journal", of("journal")).contains("[retry]"));
        assert!(unknown("port", "", TOP).contains("listen"));
        assert!(unknown("colour", "bridge", of("bridge")).ends_with("known keys here: timeout"));
    }
}
