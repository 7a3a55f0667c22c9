//! The target of one attempt: a URL, an installed app, a router, a function, or the server itself.

use super::attempt_result::NotMade;
use crate::app_phase::{Phase, Run};
use crate::apps::Apps;
use crate::registry::{AppEntry, Destination, HookEntry, joined};
use footbridge_courier::{Grant, Target};
use footbridge_model::attempt::{Failure, FailureKind};
use footbridge_model::event::Event;
use footbridge_model::hook::Lifetime;
use footbridge_model::package::Package;
use footbridge_model::secret::Secret;
use footbridge_model::time::Millis;
use std::sync::Arc;
use tokio::time::Instant;

/// Why an app does not receive an event about its own start or end later.
const APP_IS_DOWN: &str = "its app is down, and this event never starts it";

/// Why a delivery to a transient hook is cancelled once the app's run is over.
const HOOK_GONE: &str = "hook gone";

/// The target of an attempt.
pub(super) enum AttemptTarget {
    /// A single HTTP endpoint.
    Http(Endpoint),
    /// The first of these routers that accepts the event.
    Routers(Vec<RouterEndpoint>),
    /// A function of the app, by its file.
    Function(String),
    /// The server itself, which handles the event.
    Server,
}

/// An HTTP endpoint, and how to authenticate to it.
pub(super) struct Endpoint {
    pub(super) target: Arc<Target>,
    pub(super) grants: Arc<[Grant]>,
    /// The token in the envelope, if it is not the token of the subscriber.
    pub(super) token: Option<Secret>,
    /// The run of the installed app that listens there.
    pub(super) run: Option<Arc<Run>>,
}

/// The endpoint of one router.
pub(super) struct RouterEndpoint {
    pub(super) name: String,
    pub(super) endpoint: Endpoint,
}

/// The order in which an attempt is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Priority {
    /// The lane decides when the attempt is made.
    Lane,
    /// The attempt is made at once: it tells an app about its own start or end.
    Bypass,
}

/// Finds the target of an attempt.
pub(super) struct Resolver<'a> {
    pub(super) apps: &'a Apps,
    pub(super) hook: &'a HookEntry,
    /// The app that the hook belongs to.
    pub(super) app: &'a AppEntry,
    pub(super) event: &'a Event,
    pub(super) priority: Priority,
    pub(super) now: Millis,
}

impl Resolver<'_> {
    /// Returns where the attempt goes.
    ///
    /// # Errors
    /// Why no attempt can be made now.
    pub(super) fn resolve(&self) -> Result<AttemptTarget, NotMade> {
        match &self.hook.destination {
            Destination::Http(target) => Ok(AttemptTarget::Http(Endpoint {
                target: Arc::clone(target),
                grants: Arc::clone(&self.app.grants),
                token: None,
                run: None,
            })),
            Destination::Installed => self.installed_app().map(AttemptTarget::Http),
            Destination::Router if self.priority == Priority::Bypass => self.own_routers(),
            Destination::Router => self.routers(),
            Destination::Function(file) => Ok(AttemptTarget::Function(file.clone())),
            Destination::Own => Ok(AttemptTarget::Server),
            Destination::Nowhere(why) => Err(refused(*why)),
        }
    }

    fn installed_app(&self) -> Result<Endpoint, NotMade> {
        let app = &self.app.app;
        if self.priority == Priority::Lane && self.event.subject().as_ref() == Some(&app.name) {
            return Err(NotMade::Cancelled(APP_IS_DOWN));
        }
        let run = match self.priority {
            Priority::Lane => running(self.app, self.hook.hook.lifetime)?,
            Priority::Bypass => self.current_run()?,
        };
        let mount = app.package.as_deref().and_then(|package| package.mount(&app.name)).unwrap_or_default();
        let url = joined(&format!("{}{mount}", run.base()), &self.hook.hook.route);
        run_endpoint(&url, run.token.clone(), run)
    }

    /// The routers that are mounted at the hook's route, in the order in which they are asked.
    fn routers(&self) -> Result<AttemptTarget, NotMade> {
        let (app, subject) = (self.app, self.event.subject());
        if subject.as_ref() == Some(&app.app.name) {
            return Err(NotMade::Cancelled(APP_IS_DOWN));
        }
        let running = |app: &AppEntry, lifetime| match running(app, lifetime) {
            Err(NotMade::AppNotRunning(name)) if subject.as_ref() == Some(&name) => {
                Err(NotMade::Cancelled(APP_IS_DOWN))
            }
            found => found,
        };
        // The envelope carries the token of the subscriber's run, so the subscriber runs first if it can.
        if app.app.package.as_deref().is_some_and(Package::can_run) {
            running(app, self.hook.hook.lifetime)?;
        }
        let route = joined("", &self.hook.hook.route);
        let path = path_of(&route);
        let mut routers = Vec::new();
        for mounted in self.apps.routers_at(path) {
            let Ok(host) = self.apps.installed(mounted.app.as_str()) else {
                let reason = "the app of a router is being changed";
                return Err(NotMade::Postponed { reason, detail: mounted.app.to_string() });
            };
            let run = match running(&host, Lifetime::Persistent) {
                Ok(run) => run,
                // A router before this one may accept the event.
                Err(NotMade::Failed(_)) if !routers.is_empty() => break,
                Err(not_made) => return Err(not_made),
            };
            // The router of another app must not learn the subscriber's token. Nor may it get its own token here: it
            // would take for the server's what the subscriber had sent there.
            let token = if mounted.app == app.app.name { self.own_token() } else { String::new() };
            let endpoint = run_endpoint(&format!("{}{route}", run.base()), Secret::new(token), run)?;
            routers.push(RouterEndpoint { name: mounted.name, endpoint });
        }
        router_target(routers, path)
    }

    /// The app's own routers. Only they receive events about the app's start and end, because the envelope carries the
    /// app's token.
    fn own_routers(&self) -> Result<AttemptTarget, NotMade> {
        let run = self.current_run()?;
        let route = joined("", &self.hook.hook.route);
        let path = path_of(&route);
        let mut routers = Vec::new();
        let name = &self.app.app.name;
        for mounted in self.apps.routers_at(path).into_iter().filter(|mounted| mounted.app == *name) {
            let url = format!("{}{route}", run.base());
            let endpoint = run_endpoint(&url, run.token.clone(), Arc::clone(&run))?;
            routers.push(RouterEndpoint { name: mounted.name, endpoint });
        }
        router_target(routers, path)
    }

    /// The app's run, even while it starts or stops.
    fn current_run(&self) -> Result<Arc<Run>, NotMade> {
        self.app.state.lifecycle.run().ok_or(NotMade::Cancelled(APP_IS_DOWN))
    }

    /// The token of the subscriber: the token of its run, if it is an installed app that runs.
    fn own_token(&self) -> String {
        match self.app.state.lifecycle.run().filter(|_| self.app.app.package.is_some()) {
            Some(run) => run.token.expose().to_owned(),
            None => self.app.token(self.now).to_owned(),
        }
    }
}

fn refused(why: impl Into<String>) -> NotMade {
    NotMade::Failed(Failure::before(FailureKind::Refused, why))
}

fn path_of(route: &str) -> &str {
    route.split('?').next().unwrap_or_default()
}

fn router_target(routers: Vec<RouterEndpoint>, path: &str) -> Result<AttemptTarget, NotMade> {
    if routers.is_empty() {
        return Err(refused(format!("no router is mounted at {path}")));
    }
    Ok(AttemptTarget::Routers(routers))
}

/// The run of an installed app that is up.
fn running(app: &AppEntry, lifetime: Lifetime) -> Result<Arc<Run>, NotMade> {
    let name = &app.app.name;
    if let Some(run) = app.state.lifecycle.use_running() {
        return Ok(run);
    }
    match (app.state.lifecycle.phase(), lifetime) {
        // The app is up, or about to be: waiting for it starts no second run.
        (Phase::Running(_) | Phase::Announcing(_), _) => Err(NotMade::AppNotRunning(name.clone())),
        // A transient hook ends together with the run that made it.
        (_, Lifetime::Transient) => Err(NotMade::Cancelled(HOOK_GONE)),
        (Phase::Failed { why, until }, _) if Instant::now() < until => {
            Err(NotMade::Failed(Failure::before(FailureKind::NotStarted, format!("{name}: {why}"))))
        }
        _ => Err(NotMade::AppNotRunning(name.clone())),
    }
}

/// The endpoint of an app that this server runs. Its address is allowed, whatever the egress policy says.
fn run_endpoint(url: &str, token: Secret, run: Arc<Run>) -> Result<Endpoint, NotMade> {
    let target = Target::parse(url).map_err(|error| refused(error.to_string()))?;
    let grants = Arc::from([Grant::for_target(&target)]);
    Ok(Endpoint { target: Arc::new(target), grants, token: Some(token), run: Some(run) })
}
