//! Builds a configuration file.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The admin token of every server that a test starts.
pub const ADMIN_TOKEN: &str = "fb_admin_5f1d0c7be2a94836b1c0de55aa11";

/// An app of the file, with secrets derived from its name so that a test can search for them.
#[derive(Clone, Debug)]
pub struct App {
    /// The name as written in the file.
    pub name: String,
    /// The Bolt token.
    pub token: String,
    /// The secret of the bridge credential.
    pub secret_key: String,
    /// The Standard Webhooks secret, `whsec_…`.
    pub signing_secret: String,
    /// The scheme of the bridge credential.
    pub prefix: String,
    lines: Vec<String>,
}

impl App {
    /// Creates an app with a token, a secret and a signing secret only.
    pub fn new(name: &str) -> Self {
        let key = format!("{name:_<32}").into_bytes();
        Self {
            name: name.into(),
            token: format!("bolt-token-of-{name}-8d1f2c3b4a596877"),
            secret_key: format!("secret-key-of-{name}-0f1e2d3c4b5a6978"),
            signing_secret: format!("whsec_{}", STANDARD.encode(&key[..32])),
            prefix: "Token".into(),
            lines: Vec::new(),
        }
    }

    /// Adds a line of TOML.
    pub fn line(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }

    /// Sets the URL that receives exchanges.
    pub fn receiver(self, url: &str) -> Self {
        self.line(format!("receiver_url = {url:?}"))
    }

    /// Sets the URL at which the app already runs.
    pub fn url(self, url: &str) -> Self {
        self.line(format!("url = {url:?}"))
    }

    /// Sets the scheme of the bridge credential.
    pub fn prefix(mut self, prefix: &str) -> Self {
        self.prefix = prefix.into();
        self.line(format!("token_prefix = {prefix:?}"))
    }

    /// Sets the hooks, given as the content of an inline table.
    pub fn hooks(self, inside: &str) -> Self {
        self.line(format!("hooks = {{ {inside} }}"))
    }

    /// All secrets of the app, to check that they appear nowhere.
    pub fn secrets(&self) -> Vec<String> {
        let key = self.signing_secret.trim_start_matches("whsec_").to_owned();
        vec![self.token.clone(), self.secret_key.clone(), self.signing_secret.clone(), key]
    }

    fn write(&self, out: &mut String) {
        let _ = writeln!(
            out,
            "[[app]]\nname = {:?}\ntoken = {:?}\nsecret_key = {:?}\nsigning_secret = {:?}",
            self.name, self.token, self.secret_key, self.signing_secret
        );
        for line in &self.lines {
            let _ = writeln!(out, "{line}");
        }
    }
}

/// A configuration under construction: retries in milliseconds, no console, loopback allowed as a destination.
#[derive(Clone, Debug)]
#[must_use]
pub struct Setup {
    root: BTreeMap<String, String>,
    tables: BTreeMap<String, BTreeMap<String, String>>,
    apps: Vec<App>,
    rest: String,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) log_full: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self::new()
    }
}

impl Setup {
    /// Creates the default setup of a test.
    pub fn new() -> Self {
        Self::strict().set("egress", "allow", r#"["127.0.0.0/8"]"#)
    }

    /// Creates a setup with the product's default outbound policy.
    pub fn strict() -> Self {
        let empty = Self {
            root: BTreeMap::new(),
            tables: BTreeMap::new(),
            apps: Vec::new(),
            rest: String::new(),
            env: Vec::new(),
            log_full: false,
        };
        empty
            .root("listen", "\"127.0.0.1:0\"")
            .root("database", "\"sqlite:footbridge.db\"")
            .root("admin_token", &format!("{ADMIN_TOKEN:?}"))
            .set("console", "listen", "\"off\"")
            .set("retry", "schedule", r#"["50ms", "100ms"]"#)
    }

    /// Sets a key before the first table; `value` is TOML.
    pub fn root(mut self, key: &str, value: &str) -> Self {
        self.root.insert(key.into(), value.into());
        self
    }

    /// Removes a key before the first table.
    pub fn without(mut self, key: &str) -> Self {
        self.root.remove(key);
        self
    }

    /// Sets a key of a table; `value` is TOML.
    pub fn set(mut self, table: &str, key: &str, value: &str) -> Self {
        self.tables.entry(table.into()).or_default().insert(key.into(), value.into());
        self
    }

    /// Removes a table with all of its keys.
    pub fn unset(mut self, table: &str) -> Self {
        self.tables.remove(table);
        self
    }

    /// Adds an app to the file.
    pub fn app(mut self, app: App) -> Self {
        self.apps.push(app);
        self
    }

    /// Removes an app from the file.
    pub fn without_app(mut self, name: &str) -> Self {
        self.apps.retain(|app| app.name != name);
        self
    }

    /// Creates the configuration of a miniapp `shop`, with this receiver, in the host `superapp`.
    pub fn shop_in_superapp(receiver: &str) -> Self {
        Self::new()
            .app(App::new("superapp"))
            .app(App::new("shop").receiver(receiver))
            .link("superapp", "shop")
    }

    /// Adds a link between a host and a miniapp.
    pub fn link(mut self, host: &str, miniapp: &str) -> Self {
        let _ = writeln!(self.rest, "[[link]]\nhost = {host:?}\nminiapp = {miniapp:?}");
        self
    }

    /// Appends text to the file.
    pub fn tail(mut self, text: &str) -> Self {
        self.rest.push_str(text);
        self.rest.push('\n');
        self
    }

    /// Sets an environment variable for the program.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Gives the program a standard error on which every write fails.
    pub fn log_full(mut self) -> Self {
        self.log_full = true;
        self
    }

    /// The app with this name.
    #[track_caller]
    pub fn app_named(&self, name: &str) -> &App {
        self.apps.iter().find(|app| app.name == name).unwrap_or_else(|| panic!("no app {name} in this setup"))
    }

    /// All apps of the file.
    pub fn apps(&self) -> &[App] {
        &self.apps
    }

    /// The content of the file.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for (key, value) in &self.root {
            let _ = writeln!(out, "{key} = {value}");
        }
        for (table, keys) in &self.tables {
            let _ = writeln!(out, "[{table}]");
            for (key, value) in keys {
                let _ = writeln!(out, "{key} = {value}");
            }
        }
        for app in &self.apps {
            app.write(&mut out);
        }
        out + &self.rest
    }
}
