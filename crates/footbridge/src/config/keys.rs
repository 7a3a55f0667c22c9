//! Every key there is, table by table; what an unknown key may have meant.

/// One table and its keys.
pub type Keys = &'static [&'static str];

/// Keys before the first table.
pub const TOP: Keys = &["listen", "public_url", "database", "admin_token", "master_key"];

/// Tables that stand once, with their keys.
pub const TABLES: &[(&str, Keys)] = &[
    ("server", &["drain", "connections", "shards"]),
    ("console", &["listen"]),
    ("egress", &["allow", "timeout"]),
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

/// The known word with the fewest changed letters, if few enough to be a slip of the finger.
pub fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let word = word.to_ascii_lowercase();
    let close = known.iter().map(|candidate| (distance(&word, candidate), *candidate)).min()?;
    let letters = word.chars().count().max(close.1.len());
    (close.0 <= 2.max(letters / 3) && close.0 < letters).then_some(close.1)
}

/// Letters to insert, delete or replace to get from one word to the other.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut next = Vec::with_capacity(row.len());
        next.push(i + 1);
        for ((b, above), diagonal) in to.chars().zip(row.iter().skip(1)).zip(&row) {
            let left = next.last().copied().unwrap_or_default();
            next.push((diagonal + usize::from(a != b)).min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_nearest_key() {
        assert_eq!(nearest("time_out", of("bridge")), Some("timeout"));
        assert_eq!(nearest("tiemout", of("bridge")), Some("timeout"));
        assert_eq!(nearest("recevier_url", APP), Some("receiver_url"));
        assert_eq!(nearest("colour", of("bridge")), None);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }

    #[test]
    fn says_where_a_misplaced_key_belongs() {
        assert!(unknown("listen", "server", of("server")).contains("before the first [table]"));
        assert!(unknown("schedule", "journal", of("journal")).contains("[retry]"));
        assert!(unknown("colour", "bridge", of("bridge")).ends_with("known here: timeout"));
    }
}
