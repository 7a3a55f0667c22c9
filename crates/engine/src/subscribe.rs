//! Transient hooks, which an app makes and removes while it runs.

use crate::detached::detached;
use crate::drain::{Drain, Draining};
use crate::registry::{AppEntry, AppRegistry, ChangeError, HookEntry, HookSpec};
use footbridge_model::hook::{AnswerRule, Hook, HookOptions, HookType};
use footbridge_model::pattern::Pattern;
use std::sync::Arc;

/// The reason why a transient hook was not made or removed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubscribeError {
    /// The server is shutting down.
    #[error(transparent)]
    Draining(#[from] Draining),
    /// The app has no address that events could be sent to.
    #[error("the app is not running: it has no `url`, so it may hold no `server` hooks")]
    NotRunning,
    /// The registry refused the change.
    #[error(transparent)]
    Change(#[from] ChangeError),
}

pub(crate) async fn subscribe(
    registry: &Arc<AppRegistry>,
    drain: &Arc<Drain>,
    app: &AppEntry,
    pattern: Pattern,
    route: String,
    kind: HookType,
) -> Result<Arc<HookEntry>, SubscribeError> {
    let _in_flight = drain.enter()?;
    // The handlers of Bolt apps do not answer.
    let silent = app.app.package.is_some() && matches!(kind, HookType::Server | HookType::Router);
    let answer = if silent { AnswerRule::Optional } else { AnswerRule::Required };
    let options = HookOptions { answer, ..HookOptions::default() };
    let spec = HookSpec { app: app.app.name.clone(), pattern, route, kind, options };
    if kind == HookType::Server && !app.is_running() {
        // A bad route is reported first, because it stays bad once the app runs.
        if let Err(error @ ChangeError::Invalid { member: "route", .. }) = registry.check_hook(&spec) {
            return Err(error.into());
        }
        return Err(SubscribeError::NotRunning);
    }
    let registry = Arc::clone(registry);
    let run = app.run.clone();
    let made = detached(async move { registry.add_transient(spec, run.as_deref()).await }).await?;
    made.ok_or(SubscribeError::NotRunning)
}

pub(crate) async fn unsubscribe(
    registry: &Arc<AppRegistry>,
    drain: &Arc<Drain>,
    app: &AppEntry,
    pattern: &Pattern,
) -> Result<Vec<Arc<HookEntry>>, SubscribeError> {
    let _in_flight = drain.enter()?;
    let (registry, name, pattern) = (Arc::clone(registry), app.app.name.clone(), pattern.clone());
    let removed = detached(async move {
        let wanted = |hook: &Hook| hook.pattern == pattern;
        registry.remove_transient(&name, wanted, "hook gone").await
    });
    Ok(removed.await?)
}
