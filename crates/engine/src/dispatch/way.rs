//! Where one attempt leads: to a URL, to an installed app that may have to be started first, to a
//! router, to a function, or to the server itself.

use super::tried::Instead;
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

/// Why an event about an app is not delivered to it later: its moment is over.
const OVER: &str = "its app is down, and this event never starts it";

/// Why a transient hook gets nothing any more.
const GONE: &str = "hook gone";

/// Where an attempt leads.
pub(super) enum Way {
    /// To a URL.
    Http(Road),
    /// To the first of these routers that takes it.
    Routers(Vec<(String, Road)>),
    /// To a function: its file.
    Function(String),
    /// To the server itself.
    Own,
}

/// Where an HTTP attempt leads.
pub(super) struct Road {
    pub(super) target: Arc<Target>,
    pub(super) grants: Arc<[Grant]>,
    /// The token that its envelope carries, where it is not what the subscriber has anyhow.
    pub(super) token: Option<Secret>,
    /// The run that it leads to.
    pub(super) run: Option<Arc<Run>>,
}

/// Whether an attempt is the one that goes past its lane: the one an app gets of its own start or end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    Lane,
    Urgent,
}

/// Finds where an event goes.
///
/// # Errors
/// What is to be done instead of an attempt.
pub(super) fn find(
    apps: &Apps,
    hook: &HookEntry,
    app: &AppEntry,
    event: &Event,
    (pace, now): (Pace, Millis),
) -> Result<Way, Instead> {
    match &hook.destination {
        Destination::Http(target) => Ok(Way::Http(Road {
            target: Arc::clone(target),
            grants: Arc::clone(&app.grants),
            token: None,
            run: None,
        })),
        Destination::Installed => installed(hook, app, event, pace).map(Way::Http),
        Destination::Router if pace == Pace::Urgent => own_routers(apps, hook, app),
        Destination::Router => routers(apps, hook, app, event, now),
        Destination::Function(file) => Ok(Way::Function(file.clone())),
        Destination::Own => Ok(Way::Own),
        Destination::Nowhere(why) => Err(Instead::Failed(Failure::before(FailureKind::Refused, *why))),
    }
}

fn installed(hook: &HookEntry, app: &AppEntry, event: &Event, pace: Pace) -> Result<Road, Instead> {
    let name = &app.app.name;
    if pace == Pace::Lane && event.subject().as_ref() == Some(name) {
        return Err(Instead::Cancelled(OVER));
    }
    let run = match pace {
        Pace::Lane => awake(app, hook.hook.lifetime)?,
        Pace::Urgent => app.state.lifecycle.run().ok_or(Instead::Cancelled(OVER))?,
    };
    let mount = app.app.package.as_deref().and_then(|package| package.mount(name)).unwrap_or_default();
    road(&joined(&format!("{}{mount}", run.base()), &hook.hook.route), run.token.clone(), run)
}

fn routers(
    apps: &Apps,
    hook: &HookEntry,
    app: &AppEntry,
    event: &Event,
    now: Millis,
) -> Result<Way, Instead> {
    let subject = event.subject();
    if subject.as_ref() == Some(&app.app.name) {
        return Err(Instead::Cancelled(OVER));
    }
    let awake = |app: &AppEntry, lifetime| match awake(app, lifetime) {
        Err(Instead::Asleep(name)) if subject.as_ref() == Some(&name) => Err(Instead::Cancelled(OVER)),
        found => found,
    };
    // The token is that of the subscriber's run, so it runs first if it can.
    if app.app.package.as_deref().is_some_and(Package::can_run) {
        awake(app, hook.hook.lifetime)?;
    }
    let route = joined("", &hook.hook.route);
    let path = route.split('?').next().unwrap_or_default();
    let mut ways = Vec::new();
    for mounted in apps.routers_at(path) {
        let Ok(host) = apps.installed(mounted.app.as_str()) else {
            return Err(Instead::NotNow("the app of a router is being changed", mounted.app.to_string()));
        };
        let run = match awake(&host, Lifetime::Persistent) {
            Ok(run) => run,
            // Those before it may well take it.
            Err(Instead::Failed(_)) if !ways.is_empty() => break,
            Err(instead) => return Err(instead),
        };
        // The router of another app shall neither learn the subscriber's token nor, by its own, take for
        // the server's what the subscriber had sent there.
        let own = if mounted.app == app.app.name { own_token(app, now) } else { String::new() };
        ways.push((mounted.name, road(&format!("{}{route}", run.base()), Secret::new(own), run)?));
    }
    among(ways, path)
}

/// The way of what an app hears of its own start and end: to routers of its own, for nobody else is told its
/// token.
fn own_routers(apps: &Apps, hook: &HookEntry, app: &AppEntry) -> Result<Way, Instead> {
    let run = app.state.lifecycle.run().ok_or(Instead::Cancelled(OVER))?;
    let route = joined("", &hook.hook.route);
    let path = route.split('?').next().unwrap_or_default();
    let mut ways = Vec::new();
    for mounted in apps.routers_at(path).into_iter().filter(|mounted| mounted.app == app.app.name) {
        let url = format!("{}{route}", run.base());
        ways.push((mounted.name, road(&url, run.token.clone(), Arc::clone(&run))?));
    }
    among(ways, path)
}

fn among(ways: Vec<(String, Road)>, path: &str) -> Result<Way, Instead> {
    if ways.is_empty() {
        let why = format!("no router is mounted at {path}");
        return Err(Instead::Failed(Failure::before(FailureKind::Refused, why)));
    }
    Ok(Way::Routers(ways))
}

/// The token of an app: that of its run, when it is one that runs.
fn own_token(app: &AppEntry, now: Millis) -> String {
    match app.state.lifecycle.run().filter(|_| app.app.package.is_some()) {
        Some(run) => run.token.expose().to_owned(),
        None => app.token(now).to_owned(),
    }
}

/// The run of an installed app, if it is up.
fn awake(app: &AppEntry, lifetime: Lifetime) -> Result<Arc<Run>, Instead> {
    let name = &app.app.name;
    if let Some(run) = app.state.lifecycle.use_running() {
        return Ok(run);
    }
    match (app.state.lifecycle.phase(), lifetime) {
        // Its lane may have been quicker than the end of the greeting; that starts nothing.
        (Phase::Running(_) | Phase::Announcing(_), _) => Err(Instead::Asleep(name.clone())),
        // It goes with the run that made it.
        (_, Lifetime::Transient) => Err(Instead::Cancelled(GONE)),
        (Phase::Failed { why, until }, _) if Instant::now() < until => {
            Err(Instead::Failed(Failure::before(FailureKind::NotStarted, format!("{name}: {why}"))))
        }
        _ => Err(Instead::Asleep(name.clone())),
    }
}

/// The way to what this server has started itself: that very address, whatever the policy says.
fn road(url: &str, token: Secret, run: Arc<Run>) -> Result<Road, Instead> {
    let target = Target::parse(url)
        .map_err(|error| Instead::Failed(Failure::before(FailureKind::Refused, error.to_string())))?;
    let grants = Arc::from([Grant::of(&target)]);
    Ok(Road { target: Arc::new(target), grants, token: Some(token), run: Some(run) })
}
