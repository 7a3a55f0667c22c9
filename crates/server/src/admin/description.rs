//! The API description, generated from the handlers.

use super::people::{links as sign_in_links, roles, session, sessions, tokens, users};
use super::{
    apps, attention, audit, deliveries, events, exchanges, explain, hooks, lanes, links, probes, search,
    stats, story, system, tail, tickets,
};
use crate::openapi;
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(paths(
    apps::list,
    apps::create,
    apps::show,
    apps::change,
    apps::remove,
    apps::rotate,
    apps::secrets,
    apps::end_overlap,
    links::list,
    links::create,
    links::show,
    links::change,
    links::remove,
    hooks::list,
    hooks::create,
    hooks::show,
    hooks::change,
    hooks::remove,
    events::list,
    events::show,
    deliveries::list,
    deliveries::show,
    deliveries::retry,
    deliveries::retry_many,
    deliveries::replay,
    deliveries::replay_many,
    lanes::cancel,
    lanes::list,
    lanes::show,
    lanes::pause,
    lanes::resume,
    lanes::skip,
    exchanges::list,
    exchanges::show,
    search::search,
    explain::explain,
    explain::of_event,
    story::event,
    story::exchange,
    attention::attention,
    system::settings,
    system::doctor,
    tail::tail,
    tail::logs,
    audit::list,
    stats::now,
    stats::series,
    stats::edges,
    stats::top,
    tickets::create,
    users::list,
    users::create,
    users::show,
    users::change,
    users::remove,
    roles::list,
    roles::create,
    roles::show,
    roles::change,
    roles::remove,
    tokens::list,
    tokens::create,
    tokens::remove,
    sessions::list,
    sessions::remove,
    sign_in_links::create,
    session::options,
    session::show,
    session::create,
    session::remove,
    session::password,
    probes::livez,
    probes::readyz,
    probes::healthz,
    probes::scrape,
    probes::openapi,
))]
struct Administration;

/// Returns the description of all surfaces as JSON.
///
/// # Errors
/// The description cannot be written as JSON. No input can cause that.
pub fn description() -> Result<String, serde_json::Error> {
    openapi::complete(Administration::openapi()).to_pretty_json()
}
