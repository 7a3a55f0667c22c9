//! Converts apps, links and hooks of the configuration to the engine's types.

use crate::config::Config;
use crate::config::apps::AppConfig;
use footbridge_engine::{FileSpec, HookSpec};
use std::path::PathBuf;

/// Returns the apps, links and hooks of the configuration file.
pub(super) fn file_spec(config: &Config) -> FileSpec {
    // An absolute path names the file independently of the working directory.
    let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
    FileSpec {
        path: config.file.as_ref().map(|path| absolute(path).display().to_string()),
        left_out: config.without_file,
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
