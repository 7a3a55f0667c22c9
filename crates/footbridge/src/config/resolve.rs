//! The configuration with typed and checked values and defaults.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
};

use footbridge_courier::Policy;
use footbridge_engine::LinkSpec;
use footbridge_model::secret::Secret;

use super::{
    apps::{self, AppConfig},
    console::ConsoleConfig,
    delivery::{BoltConfig, BridgeConfig, JournalConfig, LimitsConfig, RetryConfig, StatsConfig},
    error::{Origin, Problem},
    keys,
    master_key::MasterKey,
    network::{EgressConfig, ServerConfig},
    overrides::Overrides,
    raw::{RawTable, Value},
    runtime::RuntimeConfig,
    section::{Findings, Reading, Section},
    value,
};

/// The complete configuration of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The address that the server listens on.
    pub listen: SocketAddr,
    /// The configured URL at which clients reach the server; see [`Config::public_url_at`].
    pub public_url: Option<String>,
    /// The path of the `SQLite` file. A relative path starts from the working directory.
    pub database: PathBuf,
    /// The configured token of the administrator.
    pub admin_token: Option<Secret>,
    /// The configured key that encrypts secrets in the database.
    pub master_key: Option<MasterKey>,
    pub server: ServerConfig,
    pub console: ConsoleConfig,
    pub egress: EgressConfig,
    pub bridge: BridgeConfig,
    pub retry: RetryConfig,
    pub bolt: BoltConfig,
    pub runtime: RuntimeConfig,
    pub limits: LimitsConfig,
    pub journal: JournalConfig,
    pub stats: StatsConfig,
    /// The `[[app]]` tables, in the order of the file.
    pub apps: Vec<AppConfig>,
    /// The `[[link]]` tables, in the order of the file.
    pub links: Vec<LinkSpec>,
    /// The path of the configuration file.
    pub file: Option<PathBuf>,
    /// True if `--without-config` allows a start without the file that the database was used with.
    pub without_file: bool,
    /// Warnings for the operator, one line each, with file and line.
    pub warnings: Vec<String>,
    /// Warnings about facts that a running server knows better. Only a check of the file shows them.
    pub hints: Vec<String>,
    /// The files that contain secrets, which may include the configuration file.
    pub secret_files: Vec<PathBuf>,
    /// Checks that the operator turned off.
    pub overrides: Overrides,
    /// The source of every key outside of `[[app]]` and `[[link]]` that some source sets, by its path.
    pub sources: BTreeMap<String, Origin>,
}

impl Config {
    /// Reads all tables. Problems go to `reading`.
    pub(super) fn read(reading: &Reading<'_>, root: &RawTable, cores: usize) -> Self {
        let top = Section::top(reading, root);
        let listen = top.parse("listen", SocketAddr::from((Ipv4Addr::LOCALHOST, 4400)), value::listen);
        let egress = EgressConfig::read(&top);
        let apps = apps::read_apps(&top, &Policy::new(egress.allow.clone(), vec![listen]));
        Self {
            listen,
            public_url: top.parse_if_set("public_url", value::base_url),
            database: top.parse("database", PathBuf::from("footbridge.db"), value::database),
            admin_token: top.secret("admin_token", value::visible_ascii),
            master_key: top
                .secret("master_key", |text| MasterKey::parse(text).map(drop))
                .and_then(|secret| MasterKey::parse(secret.expose()).ok()),
            server: ServerConfig::read(&top, cores),
            console: ConsoleConfig::read(&top),
            egress,
            bridge: BridgeConfig::read(&top),
            retry: RetryConfig::read(&top),
            bolt: BoltConfig::read(&top),
            runtime: RuntimeConfig::read(&top),
            limits: LimitsConfig::read(&top),
            journal: JournalConfig::read(&top),
            stats: StatsConfig::read(&top),
            links: apps::read_links(&top, &apps),
            apps,
            file: None,
            without_file: false,
            warnings: Vec::new(),
            hints: Vec::new(),
            secret_files: Vec::new(),
            overrides: Overrides::default(),
            sources: sources(root),
        }
    }

    pub(super) fn with_warnings(mut self, file: &str, found: &Findings) -> Self {
        let lines = |list: &[Problem]| list.iter().map(|problem| problem.line(file).to_string()).collect();
        self.warnings = lines(&found.warnings);
        self.hints = lines(&found.hints);
        self
    }

    /// Returns the URL at which clients reach the server that listens on `bound`, without a `/` at the end.
    ///
    /// Without a `public_url` it is the bound address. If the server listens on all addresses (`0.0.0.0`, `[::]`), it is
    /// the loopback address.
    pub fn public_url_at(&self, bound: SocketAddr) -> String {
        if let Some(url) = &self.public_url {
            return url.trim_end_matches('/').to_owned();
        }
        let ip = match bound.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        format!("http://{}", SocketAddr::new(ip, bound.port()))
    }
}

/// Returns the source of every key that is set, at the top and in the tables that a file has once.
fn sources(root: &RawTable) -> BTreeMap<String, Origin> {
    let top = keys::TOP.iter().filter_map(|key| Some(((*key).to_owned(), root.get(*key)?.origin.clone())));
    let inner = keys::TABLES.iter().filter_map(|(table, _)| match &root.get(*table)?.value {
        Value::Table(inner) => Some((*table, inner)),
        _ => None,
    });
    let inner = inner.flat_map(|(table, inner)| {
        inner.iter().map(move |(key, item)| (format!("{table}.{key}"), item.origin.clone()))
    });
    top.chain(inner).collect()
}
