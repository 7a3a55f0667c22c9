//! What the configuration says of apps, links and hooks, in the engine's words.

use crate::config::Config;
use crate::config::apps::AppConfig;
use footbridge_engine::{AppSpec, FileSpec, HookSpec, LinkSpec};

/// The apps, links and hooks of the file.
pub(super) fn file_spec(config: &Config) -> FileSpec {
    FileSpec {
        apps: config.apps.iter().map(app_spec).collect(),
        links: config
            .links
            .iter()
            .map(|link| LinkSpec {
                host: link.host.clone(),
                miniapp: link.miniapp.clone(),
                enabled: link.enabled,
            })
            .collect(),
        hooks: config.apps.iter().flat_map(hook_specs).collect(),
    }
}

fn app_spec(app: &AppConfig) -> AppSpec {
    AppSpec {
        name: app.name.clone(),
        token: app.token.clone(),
        secret_key: app.secret_key.clone(),
        signing_secret: app.signing_secret.clone(),
        token_prefix: app.token_prefix.clone(),
        receiver_url: app.receiver_url.clone(),
        receiver_enabled: app.receiver_enabled,
        receiver_auth: app.receiver_auth.clone(),
        url: app.url.clone(),
        miniapp_url: app.miniapp_url.clone(),
        private: app.private.iter().cloned().collect(),
    }
}

fn hook_specs(app: &AppConfig) -> impl Iterator<Item = HookSpec> + '_ {
    app.hooks.iter().map(|hook| HookSpec {
        app: app.name.clone(),
        pattern: hook.pattern.clone(),
        route: hook.route.clone(),
        kind: hook.kind,
        options: hook.options,
    })
}
