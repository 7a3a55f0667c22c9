//! `/login` and `/logout` for visitors of system apps: the way to the console and back.

use crate::body;
use crate::edge::ClientInfo;
use crate::metrics::Surface;
use crate::query;
use crate::state::ShardState;
use crate::stream::{self, Body};
use crate::visitors::{self, DONE, LOGIN, LOGOUT, VisitorSite};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use footbridge_model::secret::{Secret, digest};
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION,
    REFERRER_POLICY, SET_COOKIE,
};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;

/// The policy of these pages: a form to this origin is all that they have.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
);
const FRAME_OPTIONS: HeaderName = HeaderName::from_static("x-frame-options");

/// Returns true for a path that is answered here.
pub(super) fn has(path: &str) -> bool {
    [LOGIN, DONE, LOGOUT].contains(&path)
}

/// Answers a request for one of these paths.
pub(super) async fn answer(
    local: &ShardState,
    site: &VisitorSite,
    request: Request<Incoming>,
    client: ClientInfo,
) -> Response<Body> {
    let (head, incoming) = request.into_parts();
    body::discard(&head.headers, incoming);
    let mut response = route(local, site, &head, client).await;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    // With `no-referrer`, browsers would not say of which origin the form that signs out is.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    local.shared.metrics.request(Surface::Other, response.status());
    response.map(stream::full)
}

async fn route(
    local: &ShardState,
    site: &VisitorSite,
    head: &Parts,
    client: ClientInfo,
) -> Response<Full<Bytes>> {
    let path = head.uri.path();
    if path == LOGOUT && head.method == Method::POST {
        return sign_out(local, site, head, client).await;
    }
    if !matches!(head.method, Method::GET | Method::HEAD) {
        let mut response =
            page(StatusCode::METHOD_NOT_ALLOWED, "Not supported", "<p>Open this page with a link.</p>");
        let allowed = if path == LOGOUT { "GET, HEAD, POST" } else { "GET, HEAD" };
        response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
        return response;
    }
    if !site.is_named_by(&head.uri, &head.headers) {
        // Bolt's apps lead here by the address of the server.
        let whole = head.uri.path_and_query().map_or(path, |whole| whole.as_str());
        return redirect(&format!("{}{whole}", site.origin()), []);
    }
    match path {
        LOGIN => begin(local, site, head, client).await,
        DONE => finish(local, site, head, client).await,
        _ => ask(site, head),
    }
}

/// Returns the path to return to, which the parameter `success` names as in Bolt.
fn return_path(site: &VisitorSite, head: &Parts) -> String {
    let wanted = query::single(head.uri.query(), "success").ok().flatten();
    site.return_path(wanted.as_deref().unwrap_or("/"))
}

/// Leads to the console, or straight back if the browser is signed in here.
async fn begin(
    local: &ShardState,
    site: &VisitorSite,
    head: &Parts,
    client: ClientInfo,
) -> Response<Full<Bytes>> {
    let (people, back) = (local.shared.engine.people(), return_path(site, head));
    if visitors::visitor(site, people, head, client.ip).await.is_some() {
        return redirect(&back, []);
    }
    let secret = Secret::make("", people.entropy());
    let kept = visitors::set_login(site, secret.expose(), &back);
    redirect(&site.console_page(&state(secret.expose())), kept)
}

/// Returns the state that goes through the console: it shows nothing of the secret that the browser keeps here.
fn state(secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(secret.as_bytes()))
}

/// Takes the session over that a code of the console names, if this browser has begun the sign-in.
async fn finish(
    local: &ShardState,
    site: &VisitorSite,
    head: &Parts,
    client: ClientInfo,
) -> Response<Full<Bytes>> {
    let people = local.shared.engine.people();
    let begun = visitors::read_login(site, &head.headers);
    let code = query::single(head.uri.query(), "code").ok().flatten();
    // A code that another browser brings is used up as well.
    let expected = begun.as_ref().map(|(secret, _)| state(secret)).unwrap_or_default();
    let session = code.and_then(|code| people.take_over(&code, &expected));
    let lives = match session {
        Some(session) => {
            people.visitor(session, Some(client.ip)).await.is_ok_and(|visitor| visitor.is_some())
        }
        None => false,
    };
    match (begun, session.filter(|_| lives)) {
        (Some((_, back)), Some(session)) => {
            let cookies = visitors::set_visit(site, &session).into_iter().chain(visitors::clear_login(site));
            redirect(&back, cookies)
        }
        _ => page(
            StatusCode::FORBIDDEN,
            "You are not signed in",
            "<p>This sign-in did not begin in this browser, took longer than a minute, or was used already.</p>\n\
             <p><a href=\"/login\">Begin again</a></p>",
        ),
    }
}

/// Returns the page that asks before it signs out: a link alone, which any page can have, signs nobody out.
fn ask(site: &VisitorSite, head: &Parts) -> Response<Full<Bytes>> {
    let back: String = form_urlencoded::byte_serialize(return_path(site, head).as_bytes()).collect();
    let form = format!(
        "<form method=\"post\" action=\"{LOGOUT}?success={back}\">\n<p>This ends your session here and in the console.</p>\n\
         <p><button>Sign out</button></p>\n</form>"
    );
    page(StatusCode::OK, "Sign out", &form)
}

/// Ends the session here and in the console.
async fn sign_out(
    local: &ShardState,
    site: &VisitorSite,
    head: &Parts,
    client: ClientInfo,
) -> Response<Full<Bytes>> {
    if !site.is_named_by(&head.uri, &head.headers) || !visitors::is_from_own_page(site, &head.headers) {
        let text = format!("<p>Only the page <a href=\"{LOGOUT}\">Sign out</a> itself signs out.</p>");
        return page(StatusCode::FORBIDDEN, "You are still signed in", &text);
    }
    let people = local.shared.engine.people();
    if let Some(visitor) = visitors::visitor(site, people, head, client.ip).await
        && let Err(error) = people.sign_out(&visitor.caller).await
    {
        tracing::error!(%error, "a user could not be signed out");
        let text = "<p>The server could not end your session; its log has the reason. Try again.</p>";
        return page(StatusCode::SERVICE_UNAVAILABLE, "You are still signed in", text);
    }
    redirect(&return_path(site, head), visitors::clear_visit(site))
}

fn redirect(to: &str, cookies: impl IntoIterator<Item = HeaderValue>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let headers = response.headers_mut();
    headers.extend(HeaderValue::try_from(to).ok().map(|to| (LOCATION, to)));
    headers.extend(cookies.into_iter().map(|cookie| (SET_COOKIE, cookie)));
    response
}

/// Returns a page with this title and content, which is HTML.
fn page(status: StatusCode, title: &str, content: &str) -> Response<Full<Bytes>> {
    let text = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{title}</title>\n<h1>{title}</h1>\n{content}\n</html>\n"
    );
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}
