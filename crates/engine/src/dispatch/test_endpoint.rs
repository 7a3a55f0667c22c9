//! The endpoint of a hook, for a test of it.

use super::destination::{AttemptTarget, Priority, Resolver};
use crate::apps::Apps;
use crate::dispatch::attempt_result::NotMade;
use crate::registry::{AppEntry, HookEntry};
use footbridge_courier::{Grant, Target};
use footbridge_model::event::Event;
use footbridge_model::secret::Secret;
use footbridge_model::time::Millis;
use std::sync::Arc;

/// An HTTP endpoint that a test can be sent to.
pub(crate) struct TestEndpoint {
    pub(crate) target: Arc<Target>,
    pub(crate) grants: Arc<[Grant]>,
    /// The token in the envelope, if it is not the token of the subscriber.
    pub(crate) token: Option<Secret>,
    /// The secret that proves to an installed app that the server calls.
    pub(crate) run_secret: Option<Secret>,
    /// The router of the app that is called.
    pub(crate) router: Option<String>,
}

/// Returns where a delivery to this hook would go now.
///
/// # Errors
/// Why it cannot be tested, and what helps.
pub(crate) fn test_endpoint(
    apps: &Apps,
    hook: &HookEntry,
    app: &AppEntry,
    event: &Event,
    now: Millis,
) -> Result<TestEndpoint, String> {
    let resolver = Resolver { apps, hook, app, event, priority: Priority::Lane, now };
    let (endpoint, router) = match resolver.resolve() {
        Ok(AttemptTarget::Http(endpoint)) => (endpoint, None),
        Ok(AttemptTarget::Routers(routers)) => {
            let first = routers.into_iter().next().ok_or("no router is mounted at its route")?;
            (first.endpoint, Some(first.name))
        }
        Ok(AttemptTarget::Function(_)) => {
            return Err("it calls a function, which has no address: send a test event instead".to_owned());
        }
        Ok(AttemptTarget::Server) => return Err("the server itself handles its events".to_owned()),
        Err(NotMade::AppNotRunning(name)) => {
            return Err(format!("the app `{name}` does not run: start it first"));
        }
        Err(NotMade::Failed(failure)) => return Err(failure.detail),
        Err(NotMade::Cancelled(why)) => return Err(why.to_owned()),
        Err(NotMade::Postponed { reason, .. }) => return Err(format!("{reason}: try again shortly")),
    };
    let run_secret = endpoint.run.as_deref().map(|run| run.secret.clone());
    Ok(TestEndpoint {
        target: endpoint.target,
        grants: endpoint.grants,
        token: endpoint.token,
        run_secret,
        router,
    })
}
