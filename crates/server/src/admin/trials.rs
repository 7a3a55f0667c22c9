//! Handlers by which operators test hooks and receivers.

use super::body::{JsonBody, OptionalJsonBody};
use super::dto::{existing_app, parse};
use super::extract::{Admin, AppPath, Change, Id, Shared};
use super::paging::Params;
use super::{AdminState, visible};
use crate::problem::{Problem, ProblemCode};
use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use footbridge_api as api;
use footbridge_engine::{
    AppEntry, Protocol, ReceiverTest, ReceiverTestError, ReceiverToTest, Target, TestAttempt, TestError,
};
use footbridge_model::admin_caller::AdminCaller;
use footbridge_model::exchange::EVENT_TYPE_MAX;
use footbridge_model::id::HookId;
use footbridge_model::name::EventName;
use footbridge_model::permission::Permission;
use http::{HeaderValue, StatusCode, header};
use serde_json::value::RawValue;
use std::time::Duration;

impl From<TestError> for Problem {
    fn from(error: TestError) -> Self {
        let code = match error {
            TestError::Registry(inner) => return inner.into(),
            TestError::NotTestable(_) => ProblemCode::NotTestable,
            TestError::Draining => ProblemCode::Draining,
        };
        Self::new(code, error.to_string())
    }
}

impl From<ReceiverTestError> for Problem {
    fn from(error: ReceiverTestError) -> Self {
        let code = match error {
            ReceiverTestError::Running(_) => ProblemCode::Exists,
            ReceiverTestError::TooMany => ProblemCode::Unavailable,
            ReceiverTestError::Draining => ProblemCode::Draining,
        };
        Self::new(code, error.to_string())
    }
}

/// Returns the bytes of a JSON member.
pub(super) fn bytes(raw: &RawValue) -> Bytes {
    Bytes::copy_from_slice(raw.get().as_bytes())
}

fn headers(pairs: Vec<(String, String)>) -> Vec<api::TestHeader> {
    pairs.into_iter().map(|(name, value)| api::TestHeader { name, value }).collect()
}

fn ms(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 100_000.0).round() / 100.0
}

fn result(attempt: TestAttempt) -> api::TestResult {
    let TestAttempt { url, headers: sent, body, answer, error, timing, address, address_verdict, verdict } =
        attempt;
    let answer = answer.map(|answer| api::TestAnswer {
        status: answer.status,
        headers: headers(answer.headers),
        body: answer.body,
        truncated: answer.truncated,
    });
    let timing = api::TestTiming {
        dns_ms: timing.name.map(ms),
        connect_ms: timing.connect.map(ms),
        tls_ms: timing.tls.map(ms),
        first_byte_ms: timing.first_byte.map(ms),
        total_ms: ms(timing.total),
    };
    let request = api::TestRequest { method: "POST".to_owned(), url, headers: headers(sent), body };
    let address = api::TestAddress { ip: address.map(|ip| ip.to_string()), verdict: address_verdict };
    api::TestResult { delivery: api::TestAttempt { request, answer, error, timing, address, verdict } }
}

/// Sends one test request to a hook, as the first attempt of a delivery would, and shows what happened. Stores nothing.
#[utoipa::path(post, path = "/api/v1/hooks/{id}/test", tag = "hooks", security(("admin" = [])),
    request_body = Option<api::NewTest>, params(("id" = String, Path)), responses((status = 200, body = api::TestResult)))]
pub(super) async fn hook(
    Change(caller): Change,
    State(shared): State<Shared>,
    Id(id): Id<HookId>,
    OptionalJsonBody(test): OptionalJsonBody<api::NewTest>,
) -> Result<Json<api::TestResult>, Problem> {
    visible::hook(&shared, &caller, id)?;
    let engine = shared.engine.acting_as(&*caller);
    Ok(Json(result(engine.test_hook(id, test.body.as_deref().map(bytes)).await?)))
}

/// Sends one test request to the receiver of an app, as an exchange would, and shows what happened. Stores nothing.
#[utoipa::path(post, path = "/api/v1/apps/{name}/receiver/test", tag = "apps", security(("admin" = [])),
    request_body = Option<api::NewTest>, params(("name" = String, Path)), responses((status = 200, body = api::TestResult)))]
pub(super) async fn receiver(
    Change(caller): Change,
    State(shared): State<Shared>,
    AppPath(name): AppPath,
    OptionalJsonBody(test): OptionalJsonBody<api::NewTest>,
) -> Result<Json<api::TestResult>, Problem> {
    visible::app(&caller, &name)?;
    let engine = shared.engine.acting_as(&*caller);
    Ok(Json(result(engine.test_receiver(&name, test.body.as_deref().map(bytes)).await?)))
}

fn receiver_test(test: ReceiverTest) -> api::ReceiverTest {
    let ReceiverTest { id, app, url, protocol, done, probes } = test;
    let protocol = match protocol {
        Protocol::Event => api::ReceiverProtocol::Event,
        Protocol::Exchange => api::ReceiverProtocol::Exchange,
    };
    let probe = |probe: footbridge_engine::Probe| api::Probe {
        n: probe.n,
        name: probe.name.to_owned(),
        sent: probe.sent.to_owned(),
        expected: probe.expected.to_owned(),
        got: probe.got,
        ok: probe.ok,
        advice: probe.advice,
        code: probe.code.map(str::to_owned),
    };
    let state = if done { api::ReceiverTestState::Done } else { api::ReceiverTestState::Running };
    let probes = probes.into_iter().map(probe).collect();
    api::ReceiverTest { id, state, url, app: app.to_string(), protocol, probes }
}

/// The name of the events and exchanges of a test, where nothing else is asked for.
const USUAL_NAME: &str = "footbridge-test";
/// The body of the events and exchanges of a test, where nothing else is asked for.
const USUAL_BODY: &[u8] = br#"{"test":true,"order":7}"#;

/// Reads the receiver from a request.
fn receiver_to_test(request: &api::NewReceiverTest, limit: usize) -> Result<ReceiverToTest, Problem> {
    let target = parse("url", &request.url, Target::parse)?;
    let protocol = match request.protocol {
        api::ReceiverProtocol::Event => Protocol::Event,
        api::ReceiverProtocol::Exchange => Protocol::Exchange,
    };
    let name = request.name.as_deref().unwrap_or(USUAL_NAME);
    let name = match protocol {
        Protocol::Event => parse("name", name, EventName::parse)?.to_string(),
        Protocol::Exchange if (1..=EVENT_TYPE_MAX).contains(&name.chars().count()) => name.to_owned(),
        Protocol::Exchange => {
            let why = format_args!("must have 1 to {EVENT_TYPE_MAX} characters");
            return Err(Problem::member("name", why));
        }
    };
    let payload = request.body.as_deref().map_or_else(|| Bytes::from_static(USUAL_BODY), bytes);
    if payload.len() > limit {
        let why = format!("`body` is larger than {limit} bytes, the limit of an event");
        return Err(Problem::new(ProblemCode::TooLarge, why));
    }
    Ok(ReceiverToTest { target, protocol, name, payload })
}

/// Refuses to send the credentials of an app to a place where they do not go anyhow, unless the caller may direct them
/// there by a hook or by a change of the app.
fn may_send_to(
    shared: &AdminState,
    caller: &AdminCaller,
    app: &AppEntry,
    receiver: &ReceiverToTest,
) -> Result<(), Problem> {
    if shared.engine.is_origin_of(app, &receiver.target) {
        return Ok(());
    }
    let permission = match receiver.protocol {
        Protocol::Event => Permission::HooksWrite,
        Protocol::Exchange => Permission::AppsWrite,
    };
    if caller.may(permission) {
        return Ok(());
    }
    let why = format!(
        "the requests have credentials of the app `{}`, and no hook or `receiver_url` of it leads to {}: sending them there needs the permission `{permission}` too",
        app.app.name,
        receiver.target.place(),
    );
    Err(Problem::new(ProblemCode::Forbidden, why))
}

/// Begins to probe a receiver with fourteen requests, each of which shows whether it makes one of the checks that a receiver
/// should make. Ends within a minute. A URL that the app has not yet needs the permission to give it one, too.
#[utoipa::path(post, path = "/api/v1/receiver-tests", tag = "receiver_tests", security(("admin" = [])),
    request_body = api::NewReceiverTest, responses((status = 202, body = api::ReceiverTest)))]
pub(super) async fn create(
    Change(caller): Change,
    State(shared): State<Shared>,
    JsonBody(request): JsonBody<api::NewReceiverTest>,
) -> Result<Response, Problem> {
    let name = parse("app", &request.app, existing_app)?;
    let receiver = receiver_to_test(&request, shared.engine.event_limit())?;
    visible::app(&caller, &name)?;
    let app = shared.engine.app(&name)?;
    may_send_to(&shared, &caller, &app, &receiver)?;
    let test = shared.engine.acting_as(&*caller).start_receiver_test(app, receiver).await?;
    let location = HeaderValue::from_str(&format!("/api/v1/receiver-tests/{}", test.id)).ok();
    let mut response = (StatusCode::ACCEPTED, Json(receiver_test(test))).into_response();
    if let Some(location) = location {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// Shows a test of a receiver with the results so far. With `after` the answer comes when there is a further result, or after a
/// few seconds.
#[utoipa::path(get, path = "/api/v1/receiver-tests/{id}", tag = "receiver_tests", security(("admin" = [])),
    params(("id" = String, Path),
        ("after" = Option<u32>, Query, description = "Number of results that the caller has")),
    responses((status = 200, body = api::ReceiverTest)))]
pub(super) async fn show(
    Admin(caller): Admin,
    State(shared): State<Shared>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<api::ReceiverTest>, Problem> {
    let missing = || Problem::missing("test; the server remembers the last ones until it ends");
    params.refuse_others(&["after"])?;
    let known = params.read::<u32>("after")?.map(|known| usize::try_from(known).unwrap_or(usize::MAX));
    let test = shared.engine.receiver_test(&id, known).await.ok_or_else(missing)?;
    if !caller.may_see(&test.app) {
        return Err(missing());
    }
    Ok(Json(receiver_test(test)))
}
