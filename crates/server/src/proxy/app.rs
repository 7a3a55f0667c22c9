//! `/x/<app>/…`: starts the app if it is down, and relays the request with the rest of the path.

use super::forward::{Outgoing, origin_form, scheme};
use super::headers::{self, ForwardedClient};
use super::proxy_error::ProxyError;
use super::requested_page::RequestedPage;
use super::rewrite::ResponseRewriter;
use super::visit::{self, Visit};
use crate::body;
use crate::own_paths::OWN_PATHS;
use crate::page::worker_removal;
use crate::state::ShardState;
use crate::stream::{self, Body};
use crate::visitors::{LOGIN, LOGOUT};
use crate::watch::Watch;
use bytes::Bytes;
use footbridge_engine::RelayBody;
use footbridge_model::name::AppName;
use footbridge_model::path::is_under;
use http::header::{HOST, HeaderValue, LOCATION, ORIGIN, UPGRADE};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body::Body as _;
use http_body_util::Full;
use hyper::body::Incoming;
use std::net::SocketAddr;
use std::rc::Rc;

/// Relays a request under `/x/`.
pub(crate) async fn app(
    local: &ShardState,
    request: Request<Incoming>,
    peer: SocketAddr,
    watch: &Rc<Watch>,
) -> Response<Body> {
    watch.watch_client_close();
    let (head, incoming) = request.into_parts();
    let mounted = match check(local, &head, &incoming) {
        Ok(Checked::Relay(mounted)) => mounted,
        Ok(Checked::Redirect(response)) => {
            body::discard(&head.headers, incoming);
            return response;
        }
        Err(error) => {
            body::discard(&head.headers, incoming);
            return match error {
                ProxyError::NoSuchApp | ProxyError::NotUnderThisName | ProxyError::NotFound => {
                    worker_removal::or_else(&head.headers, || error.render())
                }
                error => error.render(),
            };
        }
    };
    relay(local, &head, &mounted, incoming, peer, watch).await.unwrap_or_else(ProxyError::render)
}

/// An app and a path within it.
struct MountedApp<'a> {
    /// `/x/<app>`, as the client wrote it.
    prefix: &'a str,
    name: AppName,
    /// The path that the app gets: without the prefix, unless the app sees its mount path.
    path: &'a str,
    /// True if the app sees its full path, as a system app of Bolt does.
    full_path: bool,
    /// True for a system app, which may learn who visits it.
    system: bool,
}

enum Checked<'a> {
    Relay(MountedApp<'a>),
    Redirect(Response<Body>),
}

/// Finds the app and checks that the request may be relayed to it.
fn check<'a>(local: &ShardState, head: &'a Parts, incoming: &Incoming) -> Result<Checked<'a>, ProxyError> {
    let engine = &local.shared.engine;
    let full_path = head.uri.path();
    let (prefix, written, path) = split(full_path).ok_or(ProxyError::NoSuchApp)?;
    let name = AppName::find(written).ok_or(ProxyError::NoSuchApp)?;
    let entry = engine.app(&name).map_err(|_| ProxyError::NoSuchApp)?;
    let package = entry.app.package.as_deref().ok_or(ProxyError::NoSuchApp)?;
    if !visit::may_serve(local, package, head) {
        return Err(ProxyError::NotUnderThisName);
    }
    if !package.can_run() {
        return Err(ProxyError::NotFound);
    }
    if !entry.app.enabled {
        return Err(ProxyError::Disabled);
    }
    if headers::has_unsupported_coding(&head.headers) {
        return Err(ProxyError::UnsupportedCoding);
    }
    if path.is_empty() {
        return redirect_to_slash(full_path, head.uri.query()).map(Checked::Redirect);
    }
    // Only the server may send events to a hook route, and to what the app's router serves below it.
    if !is_plain_read(head, incoming) && engine.is_hook_route(name.as_str(), path) {
        return Err(ProxyError::NotFound);
    }
    let sees_mount = package.mount(&name).is_some();
    let path = if sees_mount { full_path } else { path };
    let system = package.system;
    Ok(Checked::Relay(MountedApp { prefix, name, path, full_path: sees_mount, system }))
}

/// Returns true if no handler could mistake the request for an event. Many handlers only check the path and the body.
fn is_plain_read(head: &Parts, incoming: &Incoming) -> bool {
    matches!(head.method, Method::GET | Method::HEAD)
        && incoming.is_end_stream()
        && !head.headers.contains_key(ORIGIN)
        && !head.headers.contains_key(UPGRADE)
}

async fn relay(
    local: &ShardState,
    head: &Parts,
    mounted: &MountedApp<'_>,
    incoming: Incoming,
    peer: SocketAddr,
    watch: &Rc<Watch>,
) -> Result<Response<Body>, ProxyError> {
    let uri = origin_form(mounted.path, head.uri.query())?;
    let client = ForwardedClient { peer, scheme: scheme(local), prefix: Some(mounted.prefix) };
    let (mut headers, upgrades) = headers::to_app(head, client);
    let page = RequestedPage::new(local, head, &mounted.name);
    page.adjust_request(head, &mut headers);
    let visit = if mounted.system { Visit::of(local, head, peer.ip()).await } else { None };
    if let Some(visit) = &visit {
        visit.tell(&mut headers);
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).map(str::to_owned);
    let outgoing = Outgoing { method: head.method.clone(), uri, headers, upgrades };
    let reach = match local.shared.engine.connect_app(mounted.name.as_str()).await {
        Ok(reach) => reach,
        Err(error) => {
            body::discard(&head.headers, incoming);
            return Err(error.into());
        }
    };
    let name = mounted.name.as_str();
    let (relayed, reach) = outgoing.send_with_retry(local, name, reach, RelayBody::from(incoming)).await?;
    let address = reach.address;
    let mut response =
        outgoing.answer(relayed, reach, page.mask(local), visit.map(|visit| visit.ended(local)), watch)?;
    let leads_out = |path: &str| leads_out(local, mounted.full_path, path);
    let host = host.as_deref();
    let rewriter = ResponseRewriter { prefix: mounted.prefix, host, address, leads_out: &leads_out };
    rewriter.rewrite(response.headers_mut());
    page.set_cookie(local, head, &mut response);
    if visit::is_visited_host(local, &head.uri, &head.headers) {
        visit::protect(response.headers_mut());
    }
    Ok(response)
}

/// Returns true if a path that an app redirects to leads out of the app. An app that sees its full path means the server's
/// paths as such. Any other app means its own paths, except below `/x/` of another installed app.
fn leads_out(local: &ShardState, full_path: bool, path: &str) -> bool {
    let engine = &local.shared.engine;
    if full_path {
        let visited = local.shared.visitors.is_some() && [LOGIN, LOGOUT].contains(&path);
        return visited
            || OWN_PATHS.iter().any(|own| is_under(path, own))
            || !engine.routers_at(path).is_empty();
    }
    let named = split(path).and_then(|(_, name, _)| AppName::parse(name).ok());
    named.is_some_and(|name| engine.app(&name).is_ok_and(|entry| entry.app.package.is_some()))
}

/// Splits a path into `/x/<app>`, the app's name, and the rest.
fn split(path: &str) -> Option<(&str, &str, &str)> {
    let behind = path.strip_prefix("/x/")?;
    let length = behind.find('/').unwrap_or(behind.len());
    let (name, rest) = behind.split_at_checked(length)?;
    let prefix = path.get(..path.len() - rest.len())?;
    Some((prefix, name, rest))
}

/// Redirects to the same path with a slash. Without it the relative links of the app's first page would lead out of the
/// app.
fn redirect_to_slash(path: &str, query: Option<&str>) -> Result<Response<Body>, ProxyError> {
    let uri = origin_form(&format!("{path}/"), query)?;
    let mut response = Response::new(stream::full(Full::new(Bytes::new())));
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    let location = HeaderValue::from_str(&uri.to_string()).map_err(|_| ProxyError::NotFound)?;
    response.headers_mut().insert(LOCATION, location);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_split_into_prefix_name_and_rest() {
        for (path, parts) in [
            ("/x/shop", Some(("/x/shop", "shop", ""))),
            ("/x/shop/", Some(("/x/shop", "shop", "/"))),
            ("/x/Shop//a%2Fb/", Some(("/x/Shop", "Shop", "//a%2Fb/"))),
            ("/x/", Some(("/x/", "", ""))),
            ("/x", None),
        ] {
            assert_eq!(split(path), parts, "{path}");
        }
    }

    #[test]
    fn the_redirect_keeps_the_query() {
        let response = redirect_to_slash("/x/shop", Some("a=/b&c")).unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()[LOCATION]),
            (308, &HeaderValue::from_static("/x/shop/?a=/b&c"))
        );
    }
}
