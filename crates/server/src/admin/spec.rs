//! The API description, from the handlers themselves.

use super::hooks::HookTarget;
use super::{apps, deliveries, events, exchanges, explain, hooks, links, probes, tickets};
use crate::openapi;
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(
    paths(
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
        exchanges::list,
        exchanges::show,
        explain::explain,
        tickets::create,
        probes::livez,
        probes::readyz,
        probes::healthz,
        probes::scrape,
        probes::openapi,
    ),
    components(schemas(HookTarget))
)]
struct Administration;

/// The whole description as JSON: this surface, the event bridge and the events API.
///
/// # Errors
/// When it cannot be written as JSON, which no input can bring about.
pub fn description() -> Result<String, serde_json::Error> {
    openapi::whole(Administration::openapi()).to_pretty_json()
}
