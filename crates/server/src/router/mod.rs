//! Answers requests: the checks that apply to every one, the URL map ([`route`]), and the way to its surface ([`surface`]).

mod console;
mod oidc;
mod route;
mod surface;
mod visitors;

use crate::credential::{APP_TOKEN, WrongCredential};
use crate::edge::{Admission, ClientInfo, PresentedCredential};
use crate::problem::{Problem, ProblemCode};
use crate::state::ShardState;
use crate::stream::Body;
use crate::watch::Watch;
use axum::response::IntoResponse as _;
use http::header::{AUTHORIZATION, CONNECTION, HeaderValue, RETRY_AFTER};
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use route::{CredentialCheck, Route};
use std::net::SocketAddr;
use std::rc::Rc;
use surface::{from_admin, surface};
use tokio::time::Instant;

/// Answers one request, and logs a refused credential.
pub(crate) async fn answer(
    local: Rc<ShardState>,
    request: Request<Incoming>,
    peer: SocketAddr,
    watch: Rc<Watch>,
) -> Response<Body> {
    let client = match admit(&local, &request, peer, &watch) {
        Ok(client) => client,
        Err(problem) => return refuse(problem, None),
    };
    if let Some(settings) = &local.shared.console {
        return console::answer(&local, settings, request, client, &watch).await;
    }
    let surface = Route::of(request.uri().path()).credential_surface();
    let given = request.headers().contains_key(AUTHORIZATION) || request.headers().contains_key(APP_TOKEN);
    let response = throttled(&local, request, client, &watch).await;
    if let Some(surface) = surface.filter(|_| response.status() == StatusCode::UNAUTHORIZED) {
        local.shared.metrics.refused_credentials().note(client.ip, surface.as_str(), given);
    }
    response
}

/// Answers one request unless its client's address sent too many wrong credentials.
async fn throttled(
    local: &Rc<ShardState>,
    request: Request<Incoming>,
    client: ClientInfo,
    watch: &Rc<Watch>,
) -> Response<Body> {
    let throttle = &local.shared.edge.throttle;
    let check = Route::of(request.uri().path()).credential_check(request.method(), request.uri().path());
    let presented = check.and_then(|_| throttle.presented(client.ip, request.headers(), request.uri()));
    let Some(mut presented) = presented else { return surface(local, request, client, watch).await };
    match throttle.admit(&mut presented, Instant::now()) {
        Admission::Now => {}
        Admission::After(wait) => tokio::time::sleep(wait).await,
        Admission::Refused(wait) => {
            let why = "too many wrong credentials came from this address; credentials that were valid before are still accepted";
            return refuse(Problem::new(ProblemCode::TooManyAttempts, why), Some(wait.as_secs()));
        }
    }
    let response = surface(local, request, client, watch).await;
    note_credential(local, check, &presented, &response);
    response
}

/// Returns the client of a request.
///
/// # Errors
/// The request is not answered at all.
fn admit(
    local: &ShardState,
    request: &Request<Incoming>,
    peer: SocketAddr,
    watch: &Watch,
) -> Result<ClientInfo, Problem> {
    if watch.has_bare_line_feed() {
        let why = "a line of the request's head ends in a line feed without a carriage return";
        return Err(Problem::new(ProblemCode::BadRequest, why));
    }
    let client = local.shared.edge.client(request, peer)?;
    if watch.is_restricted() && !Route::of(request.uri().path()).is_for_operators() {
        let why = "the server has as many connections as it allows ([server] connections); try again later";
        return Err(Problem::new(ProblemCode::Unavailable, why));
    }
    Ok(client)
}

/// Answers with a problem and closes the connection: the bytes that follow may be the request's body, which is not read.
fn refuse(problem: Problem, retry_after: Option<u64>) -> Response<Body> {
    let mut response = problem.into_response();
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    }
    response.map(from_admin)
}

/// Tells the throttle whether the credential was valid, if the answer shows it.
fn note_credential(
    local: &ShardState,
    check: Option<CredentialCheck>,
    presented: &PresentedCredential,
    response: &Response<Body>,
) {
    let wrong = response.status() == StatusCode::UNAUTHORIZED
        || response.extensions().get::<WrongCredential>().is_some();
    let throttle = &local.shared.edge.throttle;
    if wrong {
        throttle.wrong(presented, Instant::now());
    } else if check == Some(CredentialCheck::First)
        || check == Some(CredentialCheck::BeforeSuccess) && response.status().is_success()
    {
        throttle.valid(presented);
    }
}
