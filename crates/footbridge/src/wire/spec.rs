//! What the configuration says of apps, links and hooks, in the engine's words.

use crate::config::Config;
use crate::config::apps::AppConfig;
use footbridge_engine::{FileSpec, HookSpec};

/// The apps, links and hooks of the file.
pub(super) fn file_spec(config: &Config) -> FileSpec {
    FileSpec {
        apps: config.apps.iter().map(|read| read.app.clone()).collect(),
        links: config.links.clone(),
        hooks: config.apps.iter().flat_map(hook_specs).collect(),
    }
}

fn hook_specs(read: &AppConfig) -> impl Iterator<Item = HookSpec> + '_ {
    read.hooks.iter().map(|hook| HookSpec {
        app: read.app.name.clone(),
        pattern: hook.pattern.clone(),
        route: hook.route.clone(),
        kind: hook.kind,
        options: hook.options,
    })
}
