//! Transient hooks: an app makes and removes its own while it runs.

use crate::drain::{Drain, Draining};
use crate::registry::{AppEntry, ChangeError, HookEntry, HookSpec, Registry, whole};
use footbridge_model::hook::{AnswerRule, Hook, HookOptions, HookType};
use footbridge_model::pattern::Pattern;
use std::sync::Arc;

/// Why a transient hook was not made or removed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubscribeError {
    /// The server is shutting down.
    #[error(transparent)]
    Draining(#[from] Draining),
    /// The app has no address, so nothing could be delivered to it.
    #[error("the app is not running: it has no `url`, so it may hold no `server` hooks")]
    NotRunning,
    /// The change was refused.
    #[error(transparent)]
    Change(#[from] ChangeError),
}

pub(crate) async fn subscribe(
    registry: &Arc<Registry>,
    drain: &Arc<Drain>,
    app: &AppEntry,
    pattern: Pattern,
    route: String,
    kind: HookType,
) -> Result<Arc<HookEntry>, SubscribeError> {
    let _under_way = drain.enter()?;
    // Handlers of Bolt's apps do not answer.
    let silent = app.app.package.is_some() && matches!(kind, HookType::Server | HookType::Router);
    let answer = if silent { AnswerRule::Optional } else { AnswerRule::Required };
    let options = HookOptions { answer, ..HookOptions::default() };
    let spec = HookSpec { app: app.app.name.clone(), pattern, route, kind, options };
    if kind == HookType::Server && !app.is_running() {
        // A bad route is told first: it stays bad once the app runs.
        if let Err(error @ ChangeError::Invalid { member: "route", .. }) = registry.check_hook(&spec) {
            return Err(error.into());
        }
        return Err(SubscribeError::NotRunning);
    }
    let registry = Arc::clone(registry);
    let run = app.run.clone();
    let made = whole(async move { registry.add_transient(spec, run.as_deref()).await }).await?;
    made.ok_or(SubscribeError::NotRunning)
}

pub(crate) async fn unsubscribe(
    registry: &Arc<Registry>,
    drain: &Arc<Drain>,
    app: &AppEntry,
    pattern: &Pattern,
) -> Result<Vec<Arc<HookEntry>>, SubscribeError> {
    let _under_way = drain.enter()?;
    let (registry, name, pattern) = (Arc::clone(registry), app.app.name.clone(), pattern.clone());
    let removed = whole(async move {
        let own = |hook: &Hook| hook.pattern == pattern;
        registry.remove_transient(&name, own, "hook gone").await
    });
    Ok(removed.await?)
}
