//! Checks for callers that are limited to some apps. To such a caller everything else does not exist.

use super::AdminState;
use crate::problem::Problem;
use footbridge_engine::{DeliveryFilter, DeliveryView, EventFilter, EventView, Search};
use footbridge_model::admin_caller::AdminCaller;
use footbridge_model::app::Link;
use footbridge_model::exchange::ExchangeHead;
use footbridge_model::id::HookId;
use footbridge_model::name::AppName;
use footbridge_model::query::{Condition, Query};

/// Checks that the caller sees this app.
///
/// # Errors
/// 404
pub(super) fn app(caller: &AdminCaller, name: &AppName) -> Result<(), Problem> {
    if caller.may_see(name) { Ok(()) } else { Err(Problem::no_app(name.as_str())) }
}

/// Checks that the caller sees this hook. A hook that does not exist is left to the engine.
///
/// # Errors
/// 404
pub(super) fn hook(shared: &AdminState, caller: &AdminCaller, id: HookId) -> Result<(), Problem> {
    match shared.engine.hook(id) {
        Ok(entry) if !caller.may_see(&entry.hook.app) => Err(Problem::missing("hook")),
        _ => Ok(()),
    }
}

/// Returns true if the caller sees this link: one that one of its apps is part of.
pub(super) fn link(caller: &AdminCaller, link: &Link) -> bool {
    caller.may_see(&link.host) || caller.may_see(&link.miniapp)
}

/// Checks that the caller may create, change or delete the link between two apps, which concerns both.
///
/// # Errors
/// 404 if it sees neither app, 403 if it sees one of them.
pub(super) fn both_ends(caller: &AdminCaller, host: &AppName, miniapp: &AppName) -> Result<(), Problem> {
    match (caller.may_see(host), caller.may_see(miniapp)) {
        (true, true) => Ok(()),
        (false, false) => Err(Problem::missing("link")),
        _ => Err(Problem::forbidden_scope(caller, "a link concerns both of its apps")),
    }
}

/// Returns true if the caller sees this exchange: one that one of its apps sends or answers.
pub(super) fn exchange(caller: &AdminCaller, head: &ExchangeHead) -> bool {
    caller.may_see(&head.sender) || caller.may_see(&head.recipient)
}

/// Checks that the caller sees this delivery: one to a hook of one of its apps.
///
/// # Errors
/// 404
pub(super) fn delivery(caller: &AdminCaller, view: &DeliveryView) -> Result<(), Problem> {
    if caller.may_see(&view.hook.app) { Ok(()) } else { Err(Problem::missing("delivery")) }
}

/// Returns an event as the caller sees it; `None` if none of its apps publishes or gets it. A caller that is limited to some apps
/// learns only of deliveries to these.
///
/// # Errors
/// The journal fails.
pub(super) async fn event(
    shared: &AdminState,
    caller: &AdminCaller,
    view: EventView,
) -> Result<Option<EventView>, Problem> {
    if !caller.is_scoped() {
        return Ok(Some(view));
    }
    let query = Query::default().and(Condition::Event(view.event.id));
    let search = Search { query, scope: caller.apps.clone(), ..Search::all(None, 1) };
    let found = shared.engine.history().search_events(EventFilter::default(), search).await?;
    let seen = found.rows.into_iter().next();
    Ok(seen.map(|EventView { deliveries, statuses, .. }| EventView { deliveries, statuses, ..view }))
}

/// Limits a selection of deliveries to the caller's apps.
///
/// # Errors
/// 403 if the selection names none of them: it would include deliveries to other apps.
pub(super) fn selection(caller: &AdminCaller, filter: &DeliveryFilter) -> Result<(), Problem> {
    match &filter.app {
        Some(app) if !caller.may_see(app) => Err(Problem::forbidden_scope(caller, "`app` names another app")),
        None if caller.is_scoped() => {
            Err(Problem::forbidden_scope(caller, "without `app` this includes deliveries to all apps"))
        }
        _ => Ok(()),
    }
}
