//! Every key there is, table by table; what an unknown key may have meant.

use footbridge_model::words::nearest;

/// One table and its keys.
pub type Keys = &'static [&'static str];

/// Keys before the first table.
pub const TOP: Keys = &["listen", "public_url", "database", "admin_token", "master_key"];

/// Tables that stand once, with their keys.
pub const TABLES: &[(&str, Keys)] = &[
    ("server", &["drain", "connections", "trusted_proxies", "hosts", "shards"]),
    ("console", &["listen"]),
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
    ("journal", &["keep", "keep_dead"]),
];

/// Keys of one `[[app]]`.
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

/// Keys of one hook written as a table.
pub const HOOK: Keys = &["route", "type", "answer", "in_flight", "ordered"];

/// Keys of one `[[link]]`.
pub const LINK: Keys = &["host", "miniapp", "enabled"];

/// The keys of the table of that name; none for an unknown table.
pub fn of(table: &str) -> Keys {
    TABLES.iter().find(|(name, _)| *name == table).map_or(&[], |(_, keys)| keys)
}

/// Everything that may stand at the top of the file: keys, tables, `app` and `link`.
pub fn top_level() -> Vec<&'static str> {
    let tables = TABLES.iter().map(|(name, _)| *name);
    TOP.iter().copied().chain(tables).chain(["app", "link"]).collect()
}

/// What to say of a key that `table` (empty for the top) does not have.
pub fn unknown(key: &str, table: &str, known: &[&str]) -> String {
    if ["port", "host", "address", "bind"].contains(&key) && !known.contains(&key) {
        return "unknown key; where the server listens is `listen`, such as listen = \"127.0.0.1:4400\", at the top of the file".to_owned();
    }
    if let Some(meant) = nearest(key, known) {
        return format!("unknown key; did you mean {meant:?}?");
    }
    if !table.is_empty() && TOP.contains(&key) {
        return format!(
            "unknown key in [{table}]; {key:?} stands at the top of the file, before the first [table]"
        );
    }
    if let Some((owner, _)) = TABLES.iter().find(|(name, keys)| *name != table && keys.contains(&key)) {
        return format!("unknown key; {key:?} stands in [{owner}]");
    }
    format!("unknown key; known here: {}", known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_where_a_misplaced_key_belongs() {
        assert!(unknown("listen", "server", of("server")).contains("before the first [table]"));
        assert!(unknown("schedule", "journal", of("journal")).contains("[retry]"));
        assert!(unknown("port", "", TOP).contains("listen"));
        assert!(unknown("colour", "bridge", of("bridge")).ends_with("known here: timeout"));
    }
}
