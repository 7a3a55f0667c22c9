//! `/api/v1/session` and `/api/v1/sign-in-options`, which only the console's listener has.

use super::super::body::JsonBody;
use super::super::extract::{Shared, unauthorized};
use crate::console::{self, ConsoleSettings, SignedIn, browser};
use crate::edge::ClientInfo;
use crate::problem::{Problem, ProblemCode};
use crate::visitors;
use axum::Json;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use footbridge_api as api;
use footbridge_engine::{NewSession, PeopleError, SESSION_MAX};
use footbridge_model::admin_caller::AdminCaller;
use footbridge_model::people::ConsoleSession;
use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue, StatusCode};
use std::sync::Arc;

/// The caller and the session that the console's listener found.
type Found = (Option<Extension<Arc<AdminCaller>>>, Option<Extension<SignedIn>>);

fn settings(shared: &Shared) -> Result<&ConsoleSettings, Problem> {
    shared.console.as_ref().ok_or_else(|| Problem::missing("console"))
}

async fn view(
    shared: &Shared,
    caller: &AdminCaller,
    session: &ConsoleSession,
) -> Result<api::SignedIn, Problem> {
    let found = shared.engine.people().all().await?;
    let user = found.users.iter().find(|user| Some(user.id) == session.user);
    let user = api::SessionUser {
        id: user.map(|user| user.id.to_string()),
        name: caller.name.clone(),
        display_name: user.map_or_else(|| "Administrator".to_owned(), |user| user.display_name.clone()),
        role: user.and_then(|user| user.role.as_ref()).map(ToString::to_string),
    };
    Ok(api::SignedIn {
        user,
        permissions: super::parse::words(caller.permissions),
        apps: super::parse::app_words(caller.apps.as_ref()),
        csrf: None,
        expires_at: session.made_at.plus(SESSION_MAX).to_string(),
        first_run: found.users.is_empty(),
        insecure: settings(shared)?.insecure,
    })
}

/// Returns the ways to sign in. Needs no credential.
#[utoipa::path(get, path = "/api/v1/sign-in-options", tag = "session",
    responses((status = 200, body = api::SignInOptions)))]
pub(in super::super) async fn options(
    State(shared): State<Shared>,
) -> Result<Json<api::SignInOptions>, Problem> {
    let first_run = shared.engine.people().is_empty().await?;
    let settings = settings(&shared)?;
    let oidc = settings.oidc.as_deref().map(|provider| api::SignInProvider {
        name: provider.settings().name.clone(),
        start: format!("{}/api/v1/oidc/start", settings.base),
        test: format!("{}/api/v1/oidc/test", settings.base),
    });
    let apps_url = settings.apps_url.clone();
    Ok(Json(api::SignInOptions { oidc, first_run, insecure: settings.insecure, apps_url }))
}

/// Shows the session of this browser. Only on the console's listener.
#[utoipa::path(get, path = "/api/v1/session", tag = "session", security(("session" = [])),
    responses((status = 200, body = api::SignedIn)))]
pub(in super::super) async fn show(
    State(shared): State<Shared>,
    (caller, session): Found,
) -> Result<Json<api::SignedIn>, Problem> {
    match (caller, session) {
        (Some(Extension(caller)), Some(Extension(SignedIn(session)))) => {
            Ok(Json(view(&shared, &caller, &session).await?))
        }
        _ => Err(unauthorized(&shared)),
    }
}

/// Signs in by a link, or by name and password. Only on the console's listener. The cookie of the session is new each time,
/// and a session that the browser had before ends.
#[utoipa::path(post, path = "/api/v1/session", tag = "session", request_body = api::SignIn,
    responses((status = 200, body = api::SignedIn)))]
pub(in super::super) async fn create(
    State(shared): State<Shared>,
    (caller, before): Found,
    Extension(from): Extension<ClientInfo>,
    headers: HeaderMap,
    JsonBody(request): JsonBody<api::SignIn>,
) -> Result<Response, Problem> {
    let (people, client) = (shared.engine.people(), browser(from, &headers));
    let made = match (request.setup, request.user, request.password) {
        (Some(code), None, None) => people.sign_in_by_link(&code, client).await,
        (None, Some(user), Some(password)) => people.sign_in(&user, &password, client).await,
        _ => {
            let why = "send either `setup`, or `user` and `password`";
            return Err(Problem::new(ProblemCode::Invalid, why));
        }
    };
    let made = match made {
        Ok(made) => made,
        Err(PeopleError::Wait(wait)) => return Ok(wait_first(wait)),
        Err(error) => return Err(error.into()),
    };
    if let (Some(Extension(caller)), Some(Extension(SignedIn(session)))) = (caller, before) {
        // It may have ended meanwhile.
        let _ = people.end_session(&caller, session.id).await;
    }
    begun(&shared, made, from).await
}

/// Returns the answer to too many wrong passwords.
fn wait_first(wait: std::time::Duration) -> Response {
    let problem = Problem::new(ProblemCode::TooManyAttempts, PeopleError::Wait(wait).to_string());
    let mut response = problem.into_response();
    let seconds = HeaderValue::from(wait.as_secs().max(1));
    response.headers_mut().insert(http::header::RETRY_AFTER, seconds);
    response
}

/// Returns the answer with a new session and its cookie.
async fn begun(shared: &Shared, made: NewSession, from: ClientInfo) -> Result<Response, Problem> {
    let NewSession { cookie, session } = made;
    let found = shared.engine.people().caller_by_session(cookie.expose().as_bytes(), Some(from.ip)).await?;
    let Some((caller, _)) = found else { return Err(unauthorized(shared)) };
    let mut response = Json(view(shared, &caller, &session).await?).into_response();
    let set = console::set(settings(shared)?.is_https(), "", cookie.expose(), SESSION_MAX, false);
    response.headers_mut().extend(set.map(|set| (SET_COOKIE, set)));
    Ok(response)
}

/// Signs out. Only on the console's listener.
#[utoipa::path(delete, path = "/api/v1/session", tag = "session", security(("session" = [])),
    responses((status = 204)))]
pub(in super::super) async fn remove(
    State(shared): State<Shared>,
    (caller, session): Found,
) -> Result<Response, Problem> {
    if let (Some(Extension(caller)), Some(Extension(SignedIn(session)))) = (caller, session) {
        shared.engine.people().end_session(&caller, session.id).await?;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    let cleared = console::clear(settings(&shared)?.is_https(), "");
    response.headers_mut().extend(cleared.map(|cleared| (SET_COOKIE, cleared)));
    Ok(response)
}

/// Hands the session over to the origin of the apps' pages: returns an address there that signs this browser in, once and within
/// a minute. Only on the console's listener.
#[utoipa::path(post, path = "/api/v1/session/apps", tag = "session", security(("session" = [])),
    request_body = api::HandOver, responses((status = 200, body = api::HandedOver)))]
pub(in super::super) async fn hand_over(
    State(shared): State<Shared>,
    (_, session): Found,
    JsonBody(request): JsonBody<api::HandOver>,
) -> Result<Json<api::HandedOver>, Problem> {
    let Some(Extension(SignedIn(session))) = session else { return Err(unauthorized(&shared)) };
    let Some(apps_url) = &settings(&shared)?.apps_url else {
        let why = "no app learns who visits it: `[console] apps_url` is not set";
        return Err(Problem::new(ProblemCode::NotFound, why));
    };
    let code = shared.engine.people().hand_over(&session, &request.state)?;
    Ok(Json(api::HandedOver { url: visitors::finish_url(apps_url, &code) }))
}

/// Changes the password of the user of this session, and ends the user's sessions. Only on the console's listener.
#[utoipa::path(post, path = "/api/v1/session/password", tag = "session", security(("session" = [])),
    request_body = api::PasswordChange, responses((status = 204, description = "Changed; sign in again")))]
pub(in super::super) async fn password(
    State(shared): State<Shared>,
    (caller, _): Found,
    JsonBody(request): JsonBody<api::PasswordChange>,
) -> Result<Response, Problem> {
    let Some(Extension(caller)) = caller else { return Err(unauthorized(&shared)) };
    match shared.engine.people().change_own_password(&caller, &request.old, &request.new).await {
        Err(PeopleError::Wait(wait)) => Ok(wait_first(wait)),
        changed => {
            changed?;
            Ok(StatusCode::NO_CONTENT.into_response())
        }
    }
}
