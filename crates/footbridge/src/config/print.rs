//! Prints the configuration as a file, for `config print`. Secrets are `…`.

use std::fmt::{self, Write as _};

use footbridge_model::hook::{AnswerRule, HookOptions};

use footbridge_engine::LinkSpec;

use super::{apps::AppConfig, duration, hooks::HookConfig, rate, resolve::Config, size};

/// Returns the configuration as TOML, with `…` for every secret.
pub fn print(config: &Config) -> String {
    let mut page = Page(String::new());
    page.text("listen", config.listen);
    page.text("public_url", config.public_url_at(config.listen));
    page.text("database", format_args!("sqlite:{}", config.database.display()));
    page.secret("admin_token", config.admin_token.is_some());
    page.secret("master_key", config.master_key.is_some());
    tables(&mut page, config);
    for app in &config.apps {
        page.heading("[[app]]");
        print_app(&mut page, app);
    }
    for LinkSpec { host, miniapp, enabled } in &config.links {
        page.heading("[[link]]");
        page.text("host", host);
        page.text("miniapp", miniapp);
        page.bare("enabled", enabled);
    }
    page.0
}

fn tables(page: &mut Page, config: &Config) {
    let Config { server, console, egress, bridge, retry, bolt, runtime, limits, journal, stats, .. } = config;
    page.heading("[server]");
    page.text("drain", duration::print(server.drain));
    page.bare("connections", server.connections);
    page.list("trusted_proxies", &server.trusted_proxies);
    page.list("hosts", &server.hosts);
    page.bare("docs", server.docs);
    page.bare("shards", server.shards);
    page.heading("[console]");
    page.text("listen", console.listen.map_or_else(|| "off".to_owned(), |listen| listen.to_string()));
    page.text_if_set("url", console.url.as_ref());
    page.list("hosts", &console.hosts);
    page.text("base", &console.base);
    page.bare("insecure", console.insecure);
    page.text_if_set("apps_url", console.apps_url.as_ref());
    if let Some(oidc) = &console.oidc {
        page.heading("[oidc]");
        page.text("issuer", &oidc.issuer);
        page.text("client_id", &oidc.client_id);
        page.secret("client_secret", oidc.client_secret.is_some());
        page.text("name", &oidc.name);
        page.list("scopes", &oidc.scopes);
        page.text("claim", &oidc.claim);
        page.list("roles", &oidc.roles);
    }
    page.heading("[egress]");
    page.list("allow", &egress.allow);
    page.text("timeout", duration::print(egress.timeout));
    page.text_if_set("ca_file", egress.ca_file.as_ref().map(|path| path.display()));
    page.heading("[bridge]");
    page.text("timeout", duration::print(bridge.timeout));
    page.heading("[retry]");
    page.list("schedule", retry.schedule.iter().copied().map(duration::print));
    page.heading("[bolt]");
    page.bare("http_200_errors", bolt.http_200_errors);
    page.text("answer_wait", duration::print(bolt.answer_wait));
    page.heading("[runtime]");
    page.text("dir", runtime.dir.display());
    page.text_if_set("user", runtime.user.as_ref());
    page.text("start_timeout", duration::print(runtime.start_timeout));
    page.text("idle_timeout", duration::print_or_off(runtime.idle_timeout));
    page.text("function_timeout", duration::print(runtime.function_timeout));
    page.list("pass_env", &runtime.pass_env);
    page.heading("[limits]");
    page.text("event_body", size::print(limits.event_body));
    page.text("bridge_body", size::print(limits.bridge_body));
    page.text("answer_body", size::print(limits.answer_body));
    page.text("publish_rate", rate::print(limits.publish_rate));
    page.bare("hooks_per_app", limits.hooks_per_app);
    page.bare("chain_deliveries", limits.chain_deliveries);
    page.bare("backlog", limits.backlog);
    page.text("backlog_bytes", size::print(limits.backlog_bytes));
    page.heading("[journal]");
    page.text("keep", duration::print_or_off(journal.keep));
    page.text("keep_dead", duration::print_or_off(journal.keep_dead));
    page.text("keep_audit", duration::print_or_off(journal.keep_audit));
    page.heading("[stats]");
    page.bare("enabled", stats.enabled);
}

fn print_app(page: &mut Page, AppConfig { app, hooks }: &AppConfig) {
    page.text("name", &app.name);
    page.secret("token", app.token.is_some());
    page.secret("secret_key", app.secret_key.is_some());
    page.secret("signing_secret", app.signing_secret.is_some());
    page.text("token_prefix", &app.token_prefix);
    page.text_if_set("receiver_url", app.receiver_url.as_ref());
    page.bare("receiver_enabled", app.receiver_enabled);
    if let Some(auth) = &app.receiver_auth {
        page.bare("receiver_auth", format_args!("{{ name = {}, secret = \"…\" }}", quoted(&auth.name)));
    }
    page.text_if_set("ca_file", app.ca_file.as_ref());
    page.text_if_set("url", app.url.as_ref());
    page.text_if_set("miniapp_url", app.miniapp_url.as_ref());
    let hooks: Vec<String> = hooks.iter().map(print_hook).collect();
    if !hooks.is_empty() {
        page.bare("hooks", format_args!("{{ {} }}", hooks.join(", ")));
    }
    if !app.private.is_empty() {
        page.list("private", &app.private);
    }
}

fn print_hook(hook: &HookConfig) -> String {
    let HookOptions { answer, in_flight, ordered } = hook.options;
    let answer = match answer {
        AnswerRule::Required => "required",
        AnswerRule::Optional => "optional",
    };
    let (pattern, route, kind) = (quoted(&hook.pattern), quoted(&hook.route), hook.kind.as_str());
    format!(
        "{pattern} = {{ route = {route}, type = \"{kind}\", answer = \"{answer}\", in_flight = {in_flight}, ordered = {ordered} }}"
    )
}

struct Page(String);

impl Page {
    fn heading(&mut self, heading: &str) {
        let _ = writeln!(self.0, "\n{heading}");
    }

    fn bare(&mut self, key: &str, value: impl fmt::Display) {
        let _ = writeln!(self.0, "{key} = {value}");
    }

    fn text(&mut self, key: &str, value: impl fmt::Display) {
        self.bare(key, quoted(value));
    }

    fn text_if_set(&mut self, key: &str, value: Option<impl fmt::Display>) {
        if let Some(value) = value {
            self.text(key, value);
        }
    }

    fn list(&mut self, key: &str, values: impl IntoIterator<Item = impl fmt::Display>) {
        let values: Vec<String> = values.into_iter().map(quoted).collect();
        self.bare(key, format_args!("[{}]", values.join(", ")));
    }

    fn secret(&mut self, key: &str, set: bool) {
        if set {
            self.text(key, "…");
        }
    }
}

fn quoted(value: impl fmt::Display) -> String {
    toml::Value::String(value.to_string()).to_string()
}
