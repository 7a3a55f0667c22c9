//! Tries the receivers of all apps without sending anything.

use crate::registry::AppRegistry;
use footbridge_courier::{Grant, Roots, Target};
use footbridge_model::attempt::Failure;
use footbridge_model::name::AppName;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// How long one receiver is tried.
const PATIENCE: Duration = Duration::from_secs(3);

/// A receiver that was tried.
#[derive(Debug)]
pub struct Reached {
    /// The app that it belongs to.
    pub app: AppName,
    /// The scheme, host and port that were tried.
    pub origin: String,
    /// The reason why it cannot be reached, if so.
    pub failure: Option<Failure>,
}

/// An origin to try, and what allows its address.
struct Candidate {
    target: Arc<Target>,
    grants: Arc<[Grant]>,
    roots: Option<Arc<Roots>>,
    label: Arc<str>,
}

/// Connects to at most `limit` receivers of these apps if they are enabled, all at the same time: each origin of an app once.
pub(crate) async fn reach(
    registry: &AppRegistry,
    of: impl Fn(&AppName) -> bool,
    limit: usize,
) -> Vec<Reached> {
    let mut tries = JoinSet::new();
    for ((app, origin), candidate) in candidates(registry, of).into_iter().take(limit) {
        let courier = Arc::clone(registry.courier());
        tries.spawn(async move {
            let Candidate { target, grants, roots, label } = candidate;
            let deadline = Instant::now() + PATIENCE;
            let result = courier.reach(&target, &grants, roots.as_deref(), &label, deadline).await;
            Reached { app, origin, failure: result.err() }
        });
    }
    let mut reached = tries.join_all().await;
    reached.sort_by(|one, two| (&one.app, &one.origin).cmp(&(&two.app, &two.origin)));
    reached
}

fn candidates(
    registry: &AppRegistry,
    of: impl Fn(&AppName) -> bool,
) -> BTreeMap<(AppName, String), Candidate> {
    let mut found = BTreeMap::new();
    let (directory, index) = (registry.directory.load(), registry.index.load());
    for entry in directory.apps().filter(|entry| entry.app.enabled && of(&entry.app.name)) {
        let hooks = index.of(&entry.app.name).filter(|hook| hook.hook.enabled);
        let base = entry.app.url.as_deref().and_then(|url| Target::parse(url).ok()).map(Arc::new);
        let targets = hooks.filter_map(|hook| hook.http_target());
        for target in targets.chain(entry.receiver.as_ref()).chain(base.as_ref()) {
            let scheme = if target.is_https() { "https" } else { "http" };
            let origin = format!("{scheme}://{}:{}", target.host(), target.port());
            found.entry((entry.app.name.clone(), origin)).or_insert_with(|| Candidate {
                target: Arc::clone(target),
                grants: Arc::clone(&entry.grants),
                roots: entry.roots.clone(),
                label: Arc::clone(&entry.label),
            });
        }
    }
    found
}
