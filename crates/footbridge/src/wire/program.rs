//! The program around the server, as the administration API shows it: its configuration, files and disk.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use footbridge_api::{Finding, FindingLevel, Setting, SettingSource};
use footbridge_server::surroundings::{DiskSpace, Surroundings};

use crate::config::{Config, error::Origin, keys, print, raw};

/// The program that runs the server.
#[derive(Debug)]
pub(super) struct Program {
    settings: Vec<Setting>,
    checks: Vec<Finding>,
    data_dir: PathBuf,
}

impl Program {
    /// Describes a program that runs with this configuration and listens on `address`. `warnings` are those that were shown at its start.
    pub(super) fn new(config: &Config, address: SocketAddr, warnings: &[String]) -> Self {
        let data_dir = config.database.parent().filter(|folder| !folder.as_os_str().is_empty());
        let data_dir = data_dir.unwrap_or(Path::new("."));
        let data_dir = data_dir.canonicalize().unwrap_or_else(|_| data_dir.to_owned());
        Self { settings: settings(config), checks: checks(config, address, warnings), data_dir }
    }
}

impl Surroundings for Program {
    fn settings(&self) -> Vec<Setting> {
        self.settings.clone()
    }

    fn data_dir(&self) -> String {
        self.data_dir.display().to_string()
    }

    fn checks(&self) -> Vec<Finding> {
        self.checks.clone()
    }

    fn disk(&self) -> Option<DiskSpace> {
        let found = rustix::fs::statvfs(&self.data_dir).ok()?;
        let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
        Some(DiskSpace { free: bytes(found.f_bavail), total: bytes(found.f_blocks) })
    }
}

/// Returns every key outside of `[[app]]` and `[[link]]` with its value and source.
fn settings(config: &Config) -> Vec<Setting> {
    // The text that `config print` shows has no secrets, and parsing it gives the values by key.
    let printed = raw::parse(&print::print(config)).unwrap_or_default();
    let value = |table: &str, key: &str| {
        let item = match printed.get(table).map(|item| &item.value) {
            _ if table.is_empty() => printed.get(key),
            Some(raw::Value::Table(inner)) => inner.get(key),
            _ => None,
        };
        item.map_or_else(|| "not set".to_owned(), |item| shown(&item.value))
    };
    let tables = keys::TABLES.iter().flat_map(|(table, keys)| keys.iter().map(move |key| (*table, *key)));
    let all = keys::TOP.iter().map(|key| ("", *key)).chain(tables);
    let setting = |(table, key): (&str, &str)| {
        let path = if table.is_empty() { key.to_owned() } else { format!("{table}.{key}") };
        let source = match config.sources.get(&path) {
            None | Some(Origin::Default) => SettingSource::Default,
            Some(Origin::Line(_)) => SettingSource::File,
            Some(Origin::Env(_)) => SettingSource::Environment,
            Some(Origin::Flag(_)) => SettingSource::Flag,
        };
        Setting { value: value(table, key), key: path, source }
    };
    all.map(setting).collect()
}

/// Returns a value as text. Secrets are printed as `…`.
fn shown(value: &raw::Value) -> String {
    match value {
        raw::Value::Text(text) if text == "…" => "set".to_owned(),
        raw::Value::Text(text) => text.clone(),
        raw::Value::Integer(number) => number.to_string(),
        raw::Value::Boolean(flag) => flag.to_string(),
        raw::Value::List(items) => items.iter().map(|item| shown(&item.value)).collect::<Vec<_>>().join(", "),
        raw::Value::Table(_) => String::new(),
        raw::Value::Other(kind) => (*kind).to_owned(),
    }
}

/// Checks the configuration and its surroundings.
fn checks(config: &Config, address: SocketAddr, warnings: &[String]) -> Vec<Finding> {
    let mut found = Vec::new();
    let correct = "correct the configuration and start the server again";
    let all = warnings.iter().chain(&config.hints);
    found.extend(all.map(|text| finding("config", FindingLevel::Warning, text.clone(), correct)));
    if found.is_empty() {
        let file = config.file.as_ref();
        let text = file.map_or_else(
            || "the server runs with the defaults, without a configuration file".to_owned(),
            |file| format!("{} is valid", file.display()),
        );
        found.push(ok("config", text));
    }
    let url = config.public_url_at(address);
    let is_open = !address.ip().is_loopback() && url.starts_with("http://");
    found.push(if is_open {
        let text = format!("the server listens on {address} without TLS");
        let fix = "put a proxy with TLS in front, listen on 127.0.0.1, and set `public_url` to the address of the proxy";
        finding("ports", FindingLevel::Warning, text, fix)
    } else {
        ok("ports", format!("the server listens on {address}, and clients use {url}"))
    });
    found.extend(console(config));
    found.push(if config.stats.enabled {
        ok("statistics", "traffic is counted".to_owned())
    } else {
        let fix = "set `enabled = true` in `[stats]`";
        finding("statistics", FindingLevel::Warning, "statistics are off".to_owned(), fix)
    });
    found.push(address_policy(config));
    found
}

/// Checks that nobody on the network reads what browsers send to the console.
fn console(config: &Config) -> Option<Finding> {
    let console = &config.console;
    let listen = console.listen?;
    let https = console.url.as_ref().is_some_and(|url| url.starts_with("https://"));
    Some(if console.insecure && !https && !listen.ip().is_loopback() {
        let text = format!("passwords go to the console on {listen} without TLS");
        let fix =
            "put a proxy with TLS in front, set its address as `url` in `[console]`, and remove `insecure`";
        finding("console", FindingLevel::Warning, text, fix)
    } else {
        ok("console", format!("the console listens on {listen}"))
    })
}

/// Checks which addresses the server may send to.
fn address_policy(config: &Config) -> Finding {
    const CHECK: &str = "address policy";
    let allowed: Vec<String> = config.egress.allow.iter().map(ToString::to_string).collect();
    if allowed.is_empty() {
        return ok(CHECK, "the server sends to public addresses and to those that apps name".to_owned());
    }
    let text = format!("the server also sends to {}", allowed.join(", "));
    if allowed.iter().any(|rule| rule == "0.0.0.0/0" || rule == "::/0") {
        let fix = "name only the networks of your receivers in `[egress] allow`";
        return finding(CHECK, FindingLevel::Warning, format!("{text}: every address"), fix);
    }
    ok(CHECK, text)
}

fn ok(check: &str, text: String) -> Finding {
    Finding { check: check.to_owned(), level: FindingLevel::Ok, text, fix: None }
}

fn finding(check: &str, level: FindingLevel, text: String, fix: &str) -> Finding {
    Finding { check: check.to_owned(), level, text, fix: Some(fix.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{LoadArgs, load};

    #[test]
    fn settings_have_their_values_and_sources_and_no_secrets() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("fb.toml");
        std::fs::write(&file, "admin_token = \"very-secret-token\"\n[retry]\nschedule = [\"5s\", \"1m\"]\n")
            .unwrap();
        let env = [("FOOTBRIDGE_BRIDGE__TIMEOUT", "3s")];
        let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let listen = Some("127.0.0.1:4411".to_owned());
        let config =
            load(&LoadArgs { file: Some(file), env, listen, cores: 4, ..LoadArgs::default() }).unwrap();
        let found = settings(&config);
        for (key, value, source) in [
            ("listen", "127.0.0.1:4411", SettingSource::Flag),
            ("admin_token", "set", SettingSource::File),
            ("master_key", "not set", SettingSource::Default),
            ("retry.schedule", "5s, 1m", SettingSource::File),
            ("bridge.timeout", "3s", SettingSource::Environment),
            ("stats.enabled", "true", SettingSource::Default),
            ("limits.hooks_per_app", "1000", SettingSource::Default),
            ("egress.ca_file", "not set", SettingSource::Default),
        ] {
            let setting = found.iter().find(|setting| setting.key == key).unwrap();
            assert_eq!((setting.value.as_str(), setting.source), (value, source), "{key}");
        }
        let keys = keys::TOP.len() + keys::TABLES.iter().map(|(_, keys)| keys.len()).sum::<usize>();
        assert_eq!(found.len(), keys);
        assert!(!format!("{found:?}").contains("very-secret-token"));
    }
}
