//! Describes the event bridge, the events API, the live API and the credentials, and completes the generated description of
//! the administration API.

use super::completion;
use super::installed_apps::InstalledApps;
use crate::problem::{Problem, ProblemCode};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{InfoBuilder, LicenseBuilder, OpenApi as Description};
use utoipa::{OpenApi, ToSchema};

/// An event for one recipient. Unknown members are ignored.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `bridge` reads from raw bytes")]
struct BridgeEvent {
    /// Name of the miniapp.
    app_id: String,
    /// Name of the host app.
    client_id: String,
    /// Type of the event, at most 128 characters.
    event_type: String,
    /// Any JSON value; forwarded byte for byte.
    payload: serde_json::Value,
}

/// An error of the event bridge; its `error_code` is also in the header `Footbridge-Error`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `bridge` writes")]
#[schema(as = BridgeError)]
struct BridgeErrorBody {
    /// `UNAUTHORIZED`, `INVALID_EVENT_DATA`, `EVENT_RECEIVER_DISABLED` or `EVENT_DELIVERY_FAILED`.
    error_code: String,
    /// Message that says what is wrong and how to correct it.
    error_message: String,
    /// `null` if the sender is not authenticated.
    exchange_id: Option<String>,
}

/// Settings of a miniapp.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `bridge` writes")]
struct MiniappSettings {
    miniapp: MiniappPage,
}

/// Page of a miniapp.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `bridge` writes")]
struct MiniappPage {
    url: String,
}

/// A request to forward a custom event.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `live` reads from raw bytes")]
struct Forward {
    /// `exchange` to send an exchange, `publish` to publish an event.
    to: String,
    /// Type of the event, at most 128 characters; the name of the event if it is published.
    r#type: String,
    /// Any JSON value; forwarded byte for byte.
    payload: serde_json::Value,
    /// Name of the miniapp, for an exchange.
    app_id: Option<String>,
    /// Name of the host app, for an exchange.
    client_id: Option<String>,
}

/// The result of forwarding a custom event.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `live` writes")]
struct Forwarded {
    /// Id of the exchange (`exc_…`) or the event (`evt_…`).
    id: String,
    /// Answer of the recipient of an exchange; left out if it is empty.
    answer: Option<serde_json::Value>,
}

/// An event to publish (`body`, `headers`, `subscribers`), or a transient hook to create (`route`, `type`).
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `bolt` reads from raw bytes")]
struct EventsRequest {
    /// Any JSON value, stored byte for byte; `{}` by default.
    body: Option<serde_json::Value>,
    /// Headers named `x-*` that are sent with every delivery; at most 20.
    headers: Option<std::collections::BTreeMap<String, String>>,
    /// Names of apps. Only their hooks get the event.
    subscribers: Option<Vec<String>>,
    /// Target of the hook.
    route: Option<String>,
    /// `server` (the default) or `web`.
    r#type: Option<String>,
}

/// Paths whose handlers read raw bytes, so that their description cannot be generated.
#[expect(dead_code, reason = "only the descriptions count; the paths are served from raw bytes for speed")]
mod paths {
    use super::super::envelope::{BoltAnswer, BoltEventResult, BoltFailure, BoltSubscription};
    use super::{BridgeErrorBody, BridgeEvent, EventsRequest, Forward, Forwarded, MiniappSettings, Problem};

    /// Sends an event from a host app to a miniapp and returns the miniapp's answer. The path may end with a slash.
    #[utoipa::path(post, path = "/api/v1/event-bridge/hostapp", tag = "bridge", security(("bridge" = [])),
        request_body = BridgeEvent,
        params(("Idempotency-Key" = Option<String>, Header, description = "Requests with the same key get the same outcome for 24 hours"),
            ("Prefer" = Option<String>, Header, description = "`wait=N` or `respond-async`")),
        responses((status = 200, description = "The recipient's answer, byte for byte", body = serde_json::Value),
            (status = 202, description = "Accepted; `Location` is the URL of the outcome"),
            (status = "4XX", body = BridgeErrorBody), (status = "5XX", body = BridgeErrorBody)))]
    pub(super) fn hostapp() {}

    /// Sends an event from a miniapp to a host app and returns the host's answer. The path may end with a slash.
    #[utoipa::path(post, path = "/api/v1/event-bridge/miniapp", tag = "bridge", security(("bridge" = [])),
        request_body = BridgeEvent,
        params(("Idempotency-Key" = Option<String>, Header, description = "Requests with the same key get the same outcome for 24 hours"),
            ("Prefer" = Option<String>, Header, description = "`wait=N` or `respond-async`")),
        responses((status = 200, description = "The recipient's answer, byte for byte", body = serde_json::Value),
            (status = 202, description = "Accepted; `Location` is the URL of the outcome"),
            (status = "4XX", body = BridgeErrorBody), (status = "5XX", body = BridgeErrorBody)))]
    pub(super) fn miniapp() {}

    /// Returns the URL of a linked miniapp's page.
    #[utoipa::path(get, path = "/api/v1/miniapps/{app_id}/settings", tag = "bridge",
        params(("app_id" = String, Path), ("client_id" = String, Query, description = "The host app")),
        responses((status = 200, body = MiniappSettings), (status = 404, description = "The miniapp is not linked or has no page")))]
    pub(super) fn settings() {}

    /// Publishes an event, or creates a transient hook if the body has a `route`.
    #[utoipa::path(post, path = "/api/events/{name}", tag = "bolt", security(("token" = [])),
        request_body = EventsRequest, params(("name" = String, Path, description = "An event or a hook pattern"),
            ("Idempotency-Key" = Option<String>, Header, description = "Requests with the same key get the same answer for 24 hours")),
        responses((status = 200, body = BoltAnswer<BoltEventResult>), (status = "4XX", body = BoltFailure), (status = "5XX", body = BoltFailure)))]
    pub(super) fn post_event() {}

    /// Streams the events that the hooks of the page's app get, as server-sent events. A `gap` event reports missed events.
    #[utoipa::path(get, path = "/api/v1/events/stream", tag = "live", security(("ticket" = []), ("live" = [])),
        params(("last_event_id" = Option<String>, Query, description = "Same as `Last-Event-ID`"),
            ("Last-Event-ID" = Option<String>, Header, description = "Value of the last `id:` line. The stream begins with the events after it")),
        responses((status = 200, description = "The stream", body = String, content_type = "text/event-stream"),
            (status = "4XX", body = Problem), (status = "5XX", body = Problem)))]
    pub(super) fn stream() {}

    /// Forwards a custom event of a page as the ticket's app.
    #[utoipa::path(post, path = "/api/v1/forward", tag = "live", security(("forward" = [])),
        request_body = Forward,
        params(("Idempotency-Key" = Option<String>, Header, description = "Requests with the same key are the same event for 24 hours")),
        responses((status = 200, body = Forwarded), (status = "4XX", body = BridgeErrorBody),
            (status = "5XX", body = BridgeErrorBody)))]
    pub(super) fn forward() {}

    /// Removes the caller's transient hooks with this pattern.
    #[utoipa::path(delete, path = "/api/events/{name}", tag = "bolt", security(("token" = [])),
        params(("name" = String, Path, description = "A hook pattern")),
        responses((status = 200, body = BoltAnswer<Vec<BoltSubscription>>), (status = "4XX", body = BoltFailure), (status = "5XX", body = BoltFailure)))]
    pub(super) fn delete_event() {}
}

#[derive(OpenApi)]
#[openapi(
    paths(paths::hostapp, paths::miniapp, paths::settings, paths::post_event, paths::delete_event,
        paths::stream, paths::forward),
    components(schemas(Problem, ProblemCode)),
    tags(
        (name = "bridge", description = "Exchanges: an event for one recipient, and the recipient's answer"),
        (name = "bolt", description = "Bolt's API: publish and subscribe; install, start and stop apps"),
        (name = "proxy", description = "Public paths of installed apps"),
        (name = "apps", description = "Apps and their secrets"),
        (name = "credentials", description = "Credentials of apps: their uses, and rotation"),
        (name = "links", description = "Links, which allow a host and a miniapp to exchange events"),
        (name = "hooks", description = "Hooks, which deliver matching events to apps"),
        (name = "lanes", description = "Lanes: the queues of hooks"),
        (name = "receiver_tests", description = "Tests of receivers with fourteen requests"),
        (name = "events", description = "Published events"),
        (name = "deliveries", description = "Deliveries of events to hooks"),
        (name = "exchanges", description = "Exchanges and their outcomes"),
        (name = "users", description = "Users of the console"),
        (name = "roles", description = "Roles: named sets of permissions"),
        (name = "tokens", description = "API tokens, for programs"),
        (name = "sessions", description = "Browsers that are signed in to the console"),
        (name = "session", description = "Signing in and out, on the console's listener"),
        (name = "sign_in", description = "Links that sign in to the console once"),
        (name = "jobs", description = "Jobs: the same act on many deliveries, in the background"),
        (name = "views", description = "Saved views of the console"),
        (name = "audit", description = "Who changed what, when and from where"),
        (name = "explain", description = "Which hooks would get an event, and why"),
        (name = "live", description = "Live events in pages"),
        (name = "statistics", description = "Traffic, queues, and what needs an operator"),
        (name = "tail", description = "What happens, while it happens"),
        (name = "settings", description = "The configuration in force, and checks of the server and its surroundings"),
        (name = "probes", description = "Health, metrics and documentation"),
    )
)]
struct RawPaths;

/// Adds everything else to the description of the administration API.
pub(crate) fn complete(administration: Description) -> Description {
    let mut description = administration;
    completion::name_operations(&mut description);
    description.merge(RawPaths::openapi());
    description.merge(InstalledApps::openapi());
    description.info = InfoBuilder::new()
        .title("Footbridge")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Carries events between apps as exchanges, as published events, and live to pages.",
        ))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()))
        .build();
    let components = description.components.get_or_insert_default();
    for (name, scheme) in schemes() {
        components.add_security_scheme(name, scheme);
    }
    completion::complete(&mut description);
    description
}

fn schemes() -> [(&'static str, SecurityScheme); 7] {
    let admin = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("The admin token, or an API token (`fbk_…`)"))
        .build();
    let session = "The session, on the console's listener; `__Host-fb` over https";
    let session = ApiKey::Cookie(ApiKeyValue::with_description("fb_console", session));
    let bridge = "`<token_prefix> base64(<app name>:<secret key>)`";
    let bridge = ApiKey::Header(ApiKeyValue::with_description("Authorization", bridge));
    let live = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("A ticket")).build();
    let ticket = ApiKey::Query(ApiKeyValue::with_description("ticket", "A ticket"));
    let forward = ApiKey::Header(ApiKeyValue::with_description("Authorization", "`Ticket <ticket>`"));
    let token = ApiKey::Header(ApiKeyValue::with_description("X-Bolt-App-Token", "The app's token"));
    [
        ("admin", SecurityScheme::Http(admin)),
        ("session", SecurityScheme::ApiKey(session)),
        ("bridge", SecurityScheme::ApiKey(bridge)),
        ("token", SecurityScheme::ApiKey(token)),
        ("live", SecurityScheme::Http(live)),
        ("ticket", SecurityScheme::ApiKey(ticket)),
        ("forward", SecurityScheme::ApiKey(forward)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{bolt, bridge, live};
    use http::StatusCode;
    use http_body_util::BodyExt as _;
    use std::collections::BTreeSet;
    use utoipa::PartialSchema;

    fn members<T: PartialSchema>() -> BTreeSet<String> {
        let schema = serde_json::to_value(T::schema()).unwrap();
        schema["properties"].as_object().unwrap().keys().cloned().collect()
    }

    fn set<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
        names.into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn requests_that_are_read_as_raw_bytes_are_described_with_their_members() {
        assert_eq!(members::<BridgeEvent>(), set(bridge::MEMBERS));
        assert_eq!(members::<Forward>(), set(live::MEMBERS));
        assert_eq!(members::<EventsRequest>(), set(bolt::PUBLISH.into_iter().chain(bolt::SUBSCRIBE)));
    }

    #[tokio::test]
    async fn an_error_of_the_bridge_has_the_members_that_are_described() {
        let response = bridge::error(None, &bridge::invalid(400, "wrong"));
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let names: BTreeSet<String> = body.as_object().unwrap().keys().cloned().collect();
        assert_eq!(names, members::<BridgeErrorBody>());
    }
}
