//! What was meant: every value typed, checked and filled in.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
};

use footbridge_courier::Policy;
use footbridge_engine::LinkSpec;
use footbridge_model::secret::Secret;

use super::{
    apps::{self, AppConfig},
    delivery::{BoltConfig, BridgeConfig, JournalConfig, LimitsConfig, RetryConfig},
    error::Problem,
    master_key::MasterKey,
    meant::Meant,
    network::{ConsoleConfig, EgressConfig, ServerConfig},
    raw::Table,
    runtime::RuntimeConfig,
    section::{Findings, Reading, Section},
    value,
};

/// The whole configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where the server listens.
    pub listen: SocketAddr,
    /// Where clients reach it, when it was said; see [`Config::public_url_at`].
    pub public_url: Option<String>,
    /// The `SQLite` file; a relative path starts from the working directory.
    pub database: PathBuf,
    /// The administrator's token, when one was given.
    pub admin_token: Option<Secret>,
    /// What seals secrets at rest, when one was given.
    pub master_key: Option<MasterKey>,
    /// `[server]`
    pub server: ServerConfig,
    /// `[console]`
    pub console: ConsoleConfig,
    /// `[egress]`
    pub egress: EgressConfig,
    /// `[bridge]`
    pub bridge: BridgeConfig,
    /// `[retry]`
    pub retry: RetryConfig,
    /// `[bolt]`
    pub bolt: BoltConfig,
    /// `[runtime]`
    pub runtime: RuntimeConfig,
    /// `[limits]`
    pub limits: LimitsConfig,
    /// `[journal]`
    pub journal: JournalConfig,
    /// `[[app]]`, in the order of the file.
    pub apps: Vec<AppConfig>,
    /// `[[link]]`, in the order of the file.
    pub links: Vec<LinkSpec>,
    /// The file it was read from.
    pub file: Option<PathBuf>,
    /// Whether it is meant that there is none, although the database knows one.
    pub without_file: bool,
    /// What the operator should know, one line each, with file and line.
    pub warnings: Vec<String>,
    /// The same, of what a running server knows better.
    pub hints: Vec<String>,
    /// The files in which secrets are written down, the configuration itself among them.
    pub secret_files: Vec<PathBuf>,
    /// What is meant although it looks like a mistake.
    pub meant: Meant,
}

impl Config {
    /// Gives every key its meaning; notes what is wrong in `reading`.
    pub(super) fn read(reading: &Reading<'_>, root: &Table, cores: usize) -> Self {
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
            links: apps::read_links(&top, &apps),
            apps,
            file: None,
            without_file: false,
            warnings: Vec::new(),
            hints: Vec::new(),
            secret_files: Vec::new(),
            meant: Meant::default(),
        }
    }

    pub(super) fn warned(mut self, file: &str, found: &Findings) -> Self {
        let lines = |list: &[Problem]| list.iter().map(|problem| problem.line(file).to_string()).collect();
        self.warnings = lines(&found.warnings);
        self.hints = lines(&found.hints);
        self
    }

    /// Where clients reach the server that listens at `bound`, without a `/` at the end.
    ///
    /// Without a `public_url` it is the bound address; one that stands for every address
    /// (`0.0.0.0`, `[::]`) becomes loopback, the only one that can be known to work from here.
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
