//! `/x/<app>/…`: the app is started if it is down, and sees the rest of the path as its own.

use super::forward::{Outgoing, origin_form, scheme};
use super::headers::{self, Client};
use super::page::Page;
use super::place::Place;
use super::refusal::Refusal;
use crate::body;
use crate::page::farewell;
use crate::state::Local;
use crate::stream::{self, Body};
use crate::watch::Watch;
use bytes::Bytes;
use footbridge_engine::RelayBody;
use footbridge_model::name::AppName;
use footbridge_model::path::{OURS, is_under};
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
    local: &Local,
    request: Request<Incoming>,
    peer: SocketAddr,
    watch: &Rc<Watch>,
) -> Response<Body> {
    watch.heed_client();
    let (head, incoming) = request.into_parts();
    let ready = match ready(local, &head, &incoming) {
        Ok(Ready::Enter(mounted)) => mounted,
        Ok(Ready::Redirect(response)) => {
            body::discard(&head.headers, incoming);
            return response;
        }
        Err(refusal) => {
            body::discard(&head.headers, incoming);
            return match refusal {
                Refusal::NoSuchApp | Refusal::Nothing => {
                    farewell::instead(&head.headers, || refusal.render())
                }
                refusal => refusal.render(),
            };
        }
    };
    relay(local, &head, &ready, incoming, (peer, watch)).await.unwrap_or_else(Refusal::render)
}

/// An app and a path of it.
struct Mounted<'a> {
    /// `/x/<app>`, as it was written.
    prefix: &'a str,
    name: AppName,
    /// The path as the app gets it: without the prefix, unless it is mounted there.
    path: &'a str,
    /// Whether it sees its requests below its prefix, as a system app of Bolt's does.
    whole: bool,
}

enum Ready<'a> {
    Enter(Mounted<'a>),
    Redirect(Response<Body>),
}

/// Whether there is such an app, and whether this may be asked of it.
fn ready<'a>(local: &Local, head: &'a Parts, incoming: &Incoming) -> Result<Ready<'a>, Refusal> {
    let engine = &local.shared.engine;
    let whole = head.uri.path();
    let (prefix, written, path) = split(whole).ok_or(Refusal::NoSuchApp)?;
    let name = AppName::find(written).ok_or(Refusal::NoSuchApp)?;
    let entry = engine.app(&name).map_err(|_| Refusal::NoSuchApp)?;
    let package = entry.app.package.as_deref().ok_or(Refusal::NoSuchApp)?;
    if !package.can_run() {
        return Err(Refusal::Nothing);
    }
    if !entry.app.enabled {
        return Err(Refusal::SwitchedOff);
    }
    if headers::is_coded(&head.headers) {
        return Err(Refusal::Coded);
    }
    if path.is_empty() {
        return slash(whole, head.uri.query()).map(Ready::Redirect);
    }
    // What arrives there comes from the server, or is made to look so.
    if !is_plain_read(head, incoming) && engine.is_hook_route(name.as_str(), path) {
        return Err(Refusal::Nothing);
    }
    let whole = package.mount(&name).is_some();
    Ok(Ready::Enter(Mounted { prefix, name, path: if whole { head.uri.path() } else { path }, whole }))
}

/// Whether no handler could take a request for an event: many look at the path and the body alone.
fn is_plain_read(head: &Parts, incoming: &Incoming) -> bool {
    matches!(head.method, Method::GET | Method::HEAD)
        && incoming.is_end_stream()
        && !head.headers.contains_key(ORIGIN)
        && !head.headers.contains_key(UPGRADE)
}

async fn relay(
    local: &Local,
    head: &Parts,
    mounted: &Mounted<'_>,
    incoming: Incoming,
    (peer, watch): (SocketAddr, &Rc<Watch>),
) -> Result<Response<Body>, Refusal> {
    let uri = origin_form(mounted.path, head.uri.query())?;
    let client = Client { peer, scheme: scheme(local), prefix: Some(mounted.prefix) };
    let (mut headers, upgrades) = headers::to_app(head, client);
    let page = Page::of(local, head, &mounted.name);
    page.ask(head, &mut headers);
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
    let (relayed, reach) = outgoing.send_on(local, name, reach, RelayBody::from(incoming)).await?;
    let address = reach.address;
    let mut response = outgoing.answer(relayed, reach, page.mask(local), watch)?;
    let is_servers = |path: &str| is_servers(local, mounted.whole, path);
    let place = Place { prefix: mounted.prefix, host: host.as_deref(), address, is_servers: &is_servers };
    place.fit(response.headers_mut());
    page.prove(local, head, &mut response);
    Ok(response)
}

/// Whether a path that an app redirects to leads out of the app. One that sees all of its path means the server's by the
/// server's; any other means its own, but for those of other apps.
fn is_servers(local: &Local, whole: bool, path: &str) -> bool {
    let engine = &local.shared.engine;
    if whole {
        return OURS.into_iter().any(|ours| is_under(path, ours)) || !engine.routers_at(path).is_empty();
    }
    let named = split(path).and_then(|(_, name, _)| AppName::parse(name).ok());
    named.is_some_and(|name| engine.app(&name).is_ok_and(|entry| entry.app.package.is_some()))
}

/// `/x/<app>`, the app's name in it, and the rest.
fn split(path: &str) -> Option<(&str, &str, &str)> {
    let behind = path.strip_prefix("/x/")?;
    let length = behind.find('/').unwrap_or(behind.len());
    let (name, rest) = behind.split_at_checked(length)?;
    let prefix = path.get(..path.len() - rest.len())?;
    Some((prefix, name, rest))
}

/// To the same with a slash: without it the links of the app's first page would lead past the app.
fn slash(path: &str, query: Option<&str>) -> Result<Response<Body>, Refusal> {
    let uri = origin_form(&format!("{path}/"), query)?;
    let mut response = Response::new(stream::whole(Full::new(Bytes::new())));
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    let location = HeaderValue::from_str(&uri.to_string()).map_err(|_| Refusal::Nothing)?;
    response.headers_mut().insert(LOCATION, location);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefix_name_and_rest() {
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
    fn the_query_stays() {
        let response = slash("/x/shop", Some("a=/b&c")).unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()[LOCATION]),
            (308, &HeaderValue::from_static("/x/shop/?a=/b&c"))
        );
    }
}
