//! Signing in to the console at a provider: the way there, and the way back.

use crate::console::{self, ConsoleSettings, browser};
use crate::edge::ClientInfo;
use crate::state::ShardState;
use bytes::Bytes;
use footbridge_engine::{PeopleError, ProvidedUser, SESSION_MAX};
use footbridge_model::people::OidcIdentity;
use footbridge_model::permission::Permission;
use footbridge_oidc::{Flow, Identity, OidcError, Provider};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, LOCATION, SET_COOKIE};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use http_body_util::Full;
use std::time::Duration;

/// The path that begins a sign-in.
pub(super) const START: &str = "/api/v1/oidc/start";
/// The path that tries a sign-in out.
const TEST: &str = "/api/v1/oidc/test";
/// The path to which the provider sends the browser back.
pub(super) const CALLBACK: &str = "/api/v1/oidc/callback";
/// The end of the name of the cookie that ties the two together.
const COOKIE: &str = "_oidc";
/// How long a user may take at the provider.
const WITHIN: Duration = Duration::from_mins(10);

/// Why a sign-in failed.
#[derive(Debug, thiserror::Error)]
enum SignInError {
    /// The provider, or its answer, is the reason.
    #[error(transparent)]
    Oidc(#[from] OidcError),
    /// The server is the reason.
    #[error(transparent)]
    People(#[from] PeopleError),
}

/// Answers a request for one of these paths. `None` for other paths, and without a provider.
pub(super) async fn answer(
    local: &ShardState,
    settings: &ConsoleSettings,
    head: &Parts,
    client: ClientInfo,
) -> Option<Response<Full<Bytes>>> {
    let provider = settings.oidc.as_deref().filter(|_| head.method == Method::GET)?;
    let done = match head.uri.path() {
        START => start(local, settings, provider, false).await,
        TEST => test(local, settings, provider, head, client).await,
        CALLBACK => finish(local, settings, provider, head, client).await,
        _ => return None,
    };
    Some(done.unwrap_or_else(|error| {
        tracing::info!(address = %client.ip, %error, "nobody was signed in by the provider");
        failure(settings, &error)
    }))
}

async fn start(
    local: &ShardState,
    settings: &ConsoleSettings,
    provider: &Provider,
    trial: bool,
) -> Result<Response<Full<Bytes>>, SignInError> {
    let flow = Flow::begin(local.shared.engine.people().entropy(), trial);
    let url = provider.sign_in_url(&local.courier, &flow).await?;
    // The browser must send the cookie when it comes back, which is from another site.
    let kept = console::set(settings.is_https(), COOKIE, &flow.cookie(), WITHIN, true);
    Ok(redirect(&url, kept.into_iter().collect()))
}

/// Begins a trial, for somebody who may change the settings. A link of another site begins none.
async fn test(
    local: &ShardState,
    settings: &ConsoleSettings,
    provider: &Provider,
    head: &Parts,
    client: ClientInfo,
) -> Result<Response<Full<Bytes>>, SignInError> {
    let people = local.shared.engine.people();
    let caller = match console::check_site(settings, head) {
        Ok(()) => console::sign_in_state(people, settings, &head.headers, client.ip).await.ok().flatten(),
        Err(_) => None,
    };
    if caller.is_none_or(|(caller, _)| !caller.may(Permission::SettingsWrite)) {
        let why = "only somebody with the permission `settings.write` tries the sign-in out, from the screen Settings";
        return Err(PeopleError::Refused(why.to_owned()).into());
    }
    start(local, settings, provider, true).await
}

async fn finish(
    local: &ShardState,
    settings: &ConsoleSettings,
    provider: &Provider,
    head: &Parts,
    client: ClientInfo,
) -> Result<Response<Full<Bytes>>, SignInError> {
    let engine = &local.shared.engine;
    let flow = console::value(settings.is_https(), COOKIE, &head.headers).and_then(Flow::read);
    let trial = flow.as_ref().is_some_and(Flow::is_trial);
    let query = head.uri.query().unwrap_or_default();
    let found = provider.finish(&local.courier, flow, query, engine.now()).await?;
    if trial {
        engine.people().check_role(&found.role).await?;
        let mut response = tried(settings, &found);
        let cleared = console::clear(settings.is_https(), COOKIE);
        response.headers_mut().extend(cleared.map(|cleared| (SET_COOKIE, cleared)));
        return Ok(response);
    }
    let user = provided(found, &provider.settings().issuer);
    let session = engine.people().sign_in_provided(user, browser(client, &head.headers)).await?;
    let cookie = console::set(settings.is_https(), "", session.cookie.expose(), SESSION_MAX, false);
    let cookies = cookie.into_iter().chain(console::clear(settings.is_https(), COOKIE)).collect();
    Ok(redirect(&format!("{}/", settings.base), cookies))
}

fn provided(found: Identity, issuer: &str) -> ProvidedUser {
    let Identity { subject, name, display_name, email, role, claims: _ } = found;
    let identity = OidcIdentity { issuer: issuer.to_owned(), subject };
    ProvidedUser { identity, name, display_name, email, role }
}

fn redirect(to: &str, cookies: Vec<HeaderValue>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::FOUND;
    let headers = response.headers_mut();
    headers.extend(HeaderValue::try_from(to).ok().map(|to| (LOCATION, to)));
    headers.extend(cookies.into_iter().map(|cookie| (SET_COOKIE, cookie)));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Returns the page that says why nobody was signed in.
fn failure(settings: &ConsoleSettings, error: &SignInError) -> Response<Full<Bytes>> {
    let status = match error {
        SignInError::Oidc(OidcError::Provider(_)) => StatusCode::BAD_GATEWAY,
        SignInError::Oidc(OidcError::State) => StatusCode::BAD_REQUEST,
        SignInError::Oidc(_) | SignInError::People(PeopleError::Refused(_)) => StatusCode::FORBIDDEN,
        SignInError::People(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    page(settings, status, ("Not signed in", "You are not signed in"), &error.to_string())
}

/// Returns the page that says what a trial found: no value of a claim, as the page of a failure.
fn tried(settings: &ConsoleSettings, found: &Identity) -> Response<Full<Bytes>> {
    let claims: Vec<String> = found.claims.iter().map(|name| format!("`{name}`")).collect();
    let text = format!(
        "the provider signed you in, and the setting `[oidc] roles` gives you the role `{}`. The provider sent the claims {}. \
         This was a test: nothing was changed, and your session is the same as before.",
        found.role,
        claims.join(", ")
    );
    page(settings, StatusCode::OK, ("Sign-in tested", "The sign-in works"), &text)
}

/// Returns a page with this title, heading and text.
fn page(
    settings: &ConsoleSettings,
    status: StatusCode,
    (title, heading): (&str, &str),
    text: &str,
) -> Response<Full<Bytes>> {
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{title}</title>\n<h1>{heading}</h1>\n<p>{}</p>\n<p><a href=\"{}/\">Back to the console</a></p>\n</html>\n",
        escape(text),
        escape(&settings.base),
    );
    let mut response = Response::new(Full::from(page));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
