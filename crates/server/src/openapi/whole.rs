//! The event bridge, the events API, the credentials, and the errors every administration route may answer
//! with.

use super::apps::Apps;
use crate::problem::{CONTENT_TYPE, Problem, ProblemCode};
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, InfoBuilder, LicenseBuilder, OpenApi as Description, Ref, RefOr, ResponseBuilder,
};
use utoipa::{OpenApi, ToSchema};

/// An event for one recipient. Unknown members are ignored.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `bridge` reads from raw bytes")]
struct BridgeEvent {
    /// The miniapp.
    app_id: String,
    /// The host app.
    client_id: String,
    /// What it is about, at most 128 characters.
    event_type: String,
    /// Any JSON value; goes on byte for byte.
    payload: serde_json::Value,
}

/// An error of the event bridge; its `error_code` is also in the header `Footbridge-Error`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `bridge` writes")]
struct BridgeError {
    /// `UNAUTHORIZED`, `INVALID_EVENT_DATA`, `EVENT_RECEIVER_DISABLED` or `EVENT_DELIVERY_FAILED`.
    error_code: String,
    /// What is wrong and how to mend it.
    error_message: String,
    /// `null` before the credentials are proved.
    exchange_id: Option<String>,
}

/// Where a miniapp's page is.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `bridge` writes")]
struct MiniappSettings {
    miniapp: MiniappPage,
}

/// A miniapp's page.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `bridge` writes")]
struct MiniappPage {
    url: String,
}

/// A custom event to pass on.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `live` reads from raw bytes")]
struct Forward {
    /// `exchange` or `publish`.
    to: String,
    /// What it is about, at most 128 characters; the event's name when it is published.
    r#type: String,
    /// Any JSON value; goes on byte for byte.
    payload: serde_json::Value,
    /// The miniapp, for an exchange.
    app_id: Option<String>,
    /// The host app, for an exchange.
    client_id: Option<String>,
}

/// What a custom event has become.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `live` writes")]
struct Forwarded {
    /// `exc_…` or `evt_…`.
    id: String,
    /// The recipient's answer to an exchange; left out when it answered with nothing.
    answer: Option<serde_json::Value>,
}

/// An event to publish (`body`, `headers`, `subscribers`) or a transient hook to make (`route`, `type`).
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `bolt` reads from raw bytes")]
struct EventsRequest {
    /// Any JSON value, kept byte for byte; `{}` when left out.
    body: Option<serde_json::Value>,
    /// Headers named `x-*` that go out with every delivery; at most 20.
    headers: Option<std::collections::BTreeMap<String, String>>,
    /// Only hooks of these apps get it.
    subscribers: Option<Vec<String>>,
    /// Where the hook leads.
    route: Option<String>,
    /// `server` (the default) or `web`.
    r#type: Option<String>,
}

/// Paths that are served elsewhere than where their description could be generated from.
#[expect(dead_code, reason = "only the descriptions count; the paths are served from raw bytes for speed")]
mod paths {
    use super::super::envelope::Envelope;
    use super::{BridgeError, BridgeEvent, EventsRequest, Forward, Forwarded, MiniappSettings, Problem};

    /// A host app sends an event to a miniapp and gets its answer.
    #[utoipa::path(post, path = "/api/v1/event-bridge/hostapp/", tag = "bridge", security(("bridge" = [])),
        request_body = BridgeEvent,
        params(("Idempotency-Key" = Option<String>, Header, description = "Repeats the outcome for 24 hours"),
            ("Prefer" = Option<String>, Header, description = "`wait=N` or `respond-async`")),
        responses((status = 200, description = "The recipient's answer, byte for byte", body = serde_json::Value),
            (status = 202, description = "Accepted; `Location` says where its outcome will be"),
            (status = "4XX", body = BridgeError), (status = "5XX", body = BridgeError)))]
    pub(super) fn hostapp() {}

    /// A miniapp sends an event to a host app and gets its answer.
    #[utoipa::path(post, path = "/api/v1/event-bridge/miniapp/", tag = "bridge", security(("bridge" = [])),
        request_body = BridgeEvent,
        params(("Idempotency-Key" = Option<String>, Header, description = "Repeats the outcome for 24 hours"),
            ("Prefer" = Option<String>, Header, description = "`wait=N` or `respond-async`")),
        responses((status = 200, description = "The recipient's answer, byte for byte", body = serde_json::Value),
            (status = 202, description = "Accepted; `Location` says where its outcome will be"),
            (status = "4XX", body = BridgeError), (status = "5XX", body = BridgeError)))]
    pub(super) fn miniapp() {}

    /// Where the page of a linked miniapp is.
    #[utoipa::path(get, path = "/api/v1/miniapps/{app_id}/settings/", tag = "bridge",
        params(("app_id" = String, Path), ("client_id" = String, Query, description = "The host app")),
        responses((status = 200, body = MiniappSettings), (status = 404, description = "Not linked, or no page")))]
    pub(super) fn settings() {}

    /// Publishes an event, or makes a transient hook when the body has a `route`.
    #[utoipa::path(post, path = "/api/events/{name}", tag = "bolt", security(("token" = [])),
        request_body = EventsRequest, params(("name" = String, Path, description = "An event or a hook pattern"),
            ("Idempotency-Key" = Option<String>, Header, description = "Repeats the answer for 24 hours")),
        responses((status = 200, body = Envelope), (status = "4XX", body = Envelope), (status = "5XX", body = Envelope)))]
    pub(super) fn post_event() {}

    /// What the hooks of the page's app get, as server-sent events; `gap` says that events were missed.
    #[utoipa::path(get, path = "/api/v1/events/stream", tag = "live", security(("ticket" = []), ("live" = [])),
        params(("last_event_id" = Option<String>, Query, description = "As `Last-Event-ID`"),
            ("Last-Event-ID" = Option<String>, Header, description = "What came after it is told first")),
        responses((status = 200, description = "A stream", body = String, content_type = "text/event-stream"),
            (status = "4XX", body = Problem), (status = "5XX", body = Problem)))]
    pub(super) fn stream() {}

    /// Passes a page's custom event on as the ticket's app.
    #[utoipa::path(post, path = "/api/v1/forward", tag = "live", security(("forward" = [])),
        request_body = Forward,
        params(("Idempotency-Key" = Option<String>, Header, description = "The page's own id of the event")),
        responses((status = 200, body = Forwarded), (status = "4XX", body = BridgeError),
            (status = "5XX", body = BridgeError)))]
    pub(super) fn forward() {}

    /// Removes the caller's transient hooks with this pattern.
    #[utoipa::path(delete, path = "/api/events/{name}", tag = "bolt", security(("token" = [])),
        params(("name" = String, Path, description = "A hook pattern")),
        responses((status = 200, body = Envelope), (status = "4XX", body = Envelope), (status = "5XX", body = Envelope)))]
    pub(super) fn delete_event() {}
}

#[derive(OpenApi)]
#[openapi(
    paths(paths::hostapp, paths::miniapp, paths::settings, paths::post_event, paths::delete_event,
        paths::stream, paths::forward),
    components(schemas(Problem, ProblemCode)),
    tags(
        (name = "bridge", description = "Exchanges: one event, one recipient, its answer back"),
        (name = "bolt", description = "Publish and subscribe; install, start and stop apps"),
        (name = "proxy", description = "Installed apps as anybody sees them"),
        (name = "apps", description = "Who takes part"),
        (name = "links", description = "Which host and miniapp may exchange events"),
        (name = "hooks", description = "Who wants which events"),
        (name = "events", description = "What was published"),
        (name = "deliveries", description = "What became of it"),
        (name = "exchanges", description = "Who sent what to whom, and how it ended"),
        (name = "explain", description = "Who would get an event, and why"),
        (name = "live", description = "Events in the page"),
        (name = "probes", description = "How the server is"),
    )
)]
struct Elsewhere;

/// The whole description: `administration` and everything else.
pub(crate) fn whole(administration: Description) -> Description {
    let mut description = administration;
    for item in description.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.post, &mut item.patch, &mut item.delete]
            .into_iter()
            .filter_map(Option::as_mut);
        operations.for_each(complete);
    }
    description.merge(Elsewhere::openapi());
    description.merge(Apps::openapi());
    description.info = InfoBuilder::new()
        .title("Footbridge")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("One event carried three ways: as an exchange, published, and in the page."))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()))
        .build();
    let components = description.components.get_or_insert_default();
    for (name, scheme) in schemes() {
        components.add_security_scheme(name, scheme);
    }
    description
}

/// Gives an operation a name of its own, and the errors that all of them may answer with.
fn complete(operation: &mut Operation) {
    let tag = operation.tags.iter().flatten().next().map(String::as_str).unwrap_or_default();
    operation.operation_id = operation.operation_id.as_ref().map(|handler| format!("{tag}_{handler}"));
    let schema = Ref::from_schema_name("Problem");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    let response = ResponseBuilder::new()
        .description("A problem; its `code` has a page under `/docs/errors/`")
        .content(CONTENT_TYPE, content)
        .build();
    for (status, response) in &mut operation.responses.responses {
        match response {
            RefOr::T(response) if response.description.is_empty() => {
                described(status).clone_into(&mut response.description);
            }
            _ => {}
        }
    }
    operation.responses.responses.entry("default".into()).or_insert_with(|| response.into());
}

/// OpenAPI 3.1 wants a word for every answer.
fn described(status: &str) -> &'static str {
    match status {
        "201" => "Made; `Location` says where it is",
        "202" => "Accepted",
        "204" => "Gone",
        "503" => "Not now",
        _ => "Done",
    }
}

fn schemes() -> [(&'static str, SecurityScheme); 6] {
    let admin =
        HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("The admin token")).build();
    let bridge = "`<token_prefix> base64(<app name>:<secret key>)`";
    let bridge = ApiKey::Header(ApiKeyValue::with_description("Authorization", bridge));
    let live = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("A ticket")).build();
    let ticket = ApiKey::Query(ApiKeyValue::with_description("ticket", "A ticket"));
    let forward = ApiKey::Header(ApiKeyValue::with_description("Authorization", "`Ticket <ticket>`"));
    let token = ApiKey::Header(ApiKeyValue::with_description("X-Bolt-App-Token", "The app's token"));
    [
        ("admin", SecurityScheme::Http(admin)),
        ("bridge", SecurityScheme::ApiKey(bridge)),
        ("token", SecurityScheme::ApiKey(token)),
        ("live", SecurityScheme::Http(live)),
        ("ticket", SecurityScheme::ApiKey(ticket)),
        ("forward", SecurityScheme::ApiKey(forward)),
    ]
}
