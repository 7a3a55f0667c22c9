//! Headers between a client and an app: connection headers are not forwarded, and the server's own headers are not accepted
//! from clients.

use super::cookies;
use footbridge_model::headers::is_servers;
use http::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::request::Parts;
use http::{Uri, Version};
use std::net::SocketAddr;

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const HTTP2_SETTINGS: HeaderName = HeaderName::from_static("http2-settings");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");
/// Names the router that a request is for.
pub(super) const ROUTER: HeaderName = HeaderName::from_static("footbridge-router");
/// Names the app whose token a request to a router carried.
pub(super) const CALLER: HeaderName = HeaderName::from_static("footbridge-caller");
/// Tells a system app which user visits it.
pub(super) const USER: HeaderName = HeaderName::from_static("footbridge-user");
/// Marks an answer by which a router leaves the request to the next one.
pub(super) const NEXT: HeaderName = HeaderName::from_static("footbridge-router-next");

/// The facts about a client that an app gets as headers.
#[derive(Debug, Clone, Copy)]
pub(super) struct ForwardedClient<'a> {
    pub(super) peer: SocketAddr,
    /// The client's scheme, `http` or `https`.
    pub(super) scheme: &'static str,
    /// The prefix that was removed from the path.
    pub(super) prefix: Option<&'a str>,
}

/// Returns the headers of a request for an app, and whether they ask for a WebSocket.
pub(super) fn to_app(head: &Parts, client: ForwardedClient<'_>) -> (HeaderMap, bool) {
    let mut headers = head.headers.clone();
    let protocol = protocol(head);
    let chunked = headers.contains_key(TRANSFER_ENCODING);
    strip_connection(&mut headers);
    strip(&mut headers, is_ours);
    cookies::to_app(&mut headers);
    if let Some(host) = host(&head.uri).or_else(|| headers.get(HOST).cloned()) {
        headers.insert(HOST, host.clone());
        headers.insert(FORWARDED_HOST, host);
    }
    put(&mut headers, FORWARDED_FOR, &client.peer.ip().to_canonical().to_string());
    headers.insert(FORWARDED_PROTO, HeaderValue::from_static(client.scheme));
    if let Some(prefix) = client.prefix {
        put(&mut headers, FORWARDED_PREFIX, prefix);
    }
    if chunked {
        headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    }
    let upgrades = protocol.is_some();
    if let Some(protocol) = protocol {
        set_upgrade(&mut headers, protocol);
    }
    (headers, upgrades)
}

/// Returns true if the body has a transfer coding other than `chunked`. Only the next hop may decode it (RFC 9112 §7), and
/// this server does not.
pub(super) fn has_unsupported_coding(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let chunked = codings.next().is_none_or(|coding| coding.as_bytes().eq_ignore_ascii_case(b"chunked"));
    !chunked || codings.next().is_some()
}

/// Removes the connection headers from an app's answer.
pub(super) fn to_client(headers: &mut HeaderMap) {
    strip_connection(headers);
}

/// Prepares the headers of an answer that switches protocols.
pub(super) fn to_client_switching(headers: &mut HeaderMap) {
    let protocol = headers.get(UPGRADE).cloned();
    to_client(headers);
    if let Some(protocol) = protocol {
        set_upgrade(headers, protocol);
    }
}

fn set_upgrade(headers: &mut HeaderMap, protocol: HeaderValue) {
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, protocol);
}

/// Returns the protocol that a request asks to switch to: WebSocket or none. Another protocol, such as HTTP/2, could carry
/// further requests past the checks of this server.
fn protocol(head: &Parts) -> Option<HeaderValue> {
    let asks = named(&head.headers).any(|name| name.eq_ignore_ascii_case("upgrade"));
    let http_11 = head.version == Version::HTTP_11;
    let mut protocols = head.headers.get_all(UPGRADE).iter().filter(|_| asks && http_11);
    let protocol = protocols.next().filter(|protocol| protocol.as_bytes().eq_ignore_ascii_case(b"websocket"));
    protocol.filter(|_| protocols.next().is_none()).cloned()
}

/// Returns the host of a URI in absolute form, which overrides `Host` (RFC 9112 §3.2.2).
fn host(uri: &Uri) -> Option<HeaderValue> {
    let authority = uri.authority()?.as_str();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    HeaderValue::from_str(host).ok()
}

fn put(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        headers.insert(name, value);
    }
}

/// Removes headers that describe the connection or its framing rather than the message (RFC 9110 §7.6.1).
fn strip_connection(headers: &mut HeaderMap) {
    if headers.contains_key(TRANSFER_ENCODING) {
        headers.remove(CONTENT_LENGTH);
    }
    let of_message = [CONTENT_LENGTH, HOST];
    let named: Vec<HeaderName> = named(headers).filter_map(|name| name.parse().ok()).collect();
    for name in named.into_iter().filter(|name| !of_message.contains(name)) {
        headers.remove(name);
    }
    strip(headers, is_of_connection);
}

/// Returns the names that `Connection` lists.
fn named(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

fn strip(headers: &mut HeaderMap, removes: fn(&HeaderName) -> bool) {
    let names: Vec<HeaderName> = headers.keys().filter(|name| removes(name)).cloned().collect();
    for name in names {
        headers.remove(name);
    }
}

fn is_of_connection(name: &HeaderName) -> bool {
    matches!(
        *name,
        CONNECTION
            | EXPECT
            | PROXY_AUTHENTICATE
            | PROXY_AUTHORIZATION
            | TE
            | TRAILER
            | TRANSFER_ENCODING
            | UPGRADE
    ) || *name == KEEP_ALIVE
        || *name == PROXY_CONNECTION
        || *name == HTTP2_SETTINGS
}

fn is_ours(name: &HeaderName) -> bool {
    is_servers(name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn sent(headers: &[(&str, &str)], uri: &str) -> (HeaderMap, bool) {
        let mut request = Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        let peer = "[::ffff:192.0.2.7]:4711".parse().unwrap();
        to_app(&head, ForwardedClient { peer, scheme: "https", prefix: Some("/x/shop") })
    }

    #[test]
    fn headers_of_the_server_are_not_accepted_from_clients() {
        let given = [
            ("host", "a.example"),
            ("cookie", "a=1; fb_page_shop=1.x; b=2"),
            ("x-bolt-app-token", "t"),
            ("X_Bolt_App_Token", "t"),
            ("x-bolt_user-name", "u"),
            ("webhook-id", "evt_1"),
            ("footbridge-router", "r"),
            ("footbridge_caller", "c"),
            ("footbridge-user", "e30"),
            ("Footbridge_User", "e30"),
            ("x-forwarded-for", "10.0.0.1"),
            ("x-forwarded-server", "s"),
            ("forwarded", "for=10.0.0.1"),
            ("x_forwarded_for", "10.0.0.1"),
            ("x-real-ip", "10.0.0.1"),
            ("x-original_url", "/admin"),
            ("x-http-method-override", "POST"),
            ("proxy", "http://evil.example"),
            ("footbridge-run-secret", "s"),
            ("x-boltless", "stays"),
        ];
        let (headers, upgrades) = sent(&given, "/x/shop/");
        let mut kept: Vec<_> = headers.iter().map(|(k, v)| (k.as_str(), v.to_str().unwrap())).collect();
        kept.sort_unstable();
        let expected = [
            ("cookie", "a=1; b=2"),
            ("host", "a.example"),
            ("x-boltless", "stays"),
            ("x-forwarded-for", "192.0.2.7"),
            ("x-forwarded-host", "a.example"),
            ("x-forwarded-prefix", "/x/shop"),
            ("x-forwarded-proto", "https"),
        ];
        assert_eq!(kept, expected);
        assert!(!upgrades);
    }

    #[test]
    fn connection_headers_are_not_forwarded() {
        let given = [
            ("host", "a"),
            ("connection", "close, X-Private"),
            ("connection", "x-other,host,content-length,x-forwarded-for"),
            ("x-private", "1"),
            ("x-other", "1"),
            ("keep-alive", "timeout=5"),
            ("te", "trailers"),
            ("trailer", "x"),
            ("expect", "100-continue"),
            ("proxy-authorization", "x"),
            ("upgrade", "h2c"),
            ("content-length", "3"),
        ];
        let (headers, upgrades) = sent(&given, "/");
        let ours = |name: &&str| !name.starts_with("x-forwarded-");
        let mut kept: Vec<_> = headers.keys().map(HeaderName::as_str).filter(ours).collect();
        kept.sort_unstable();
        assert_eq!(kept, ["content-length", "host"]);
        assert!(headers.contains_key(FORWARDED_FOR), "a client cannot remove it");
        assert!(!upgrades, "`Upgrade` has no effect unless `Connection` names it");
    }

    #[test]
    fn chunks_override_a_content_length() {
        let (headers, _) = sent(&[("transfer-encoding", "chunked"), ("content-length", "3")], "/");
        assert_eq!(headers.get(TRANSFER_ENCODING).unwrap(), "chunked");
        assert!(!headers.contains_key(CONTENT_LENGTH));
    }

    #[test]
    fn only_websocket_upgrades_are_forwarded() {
        for (connection, protocol) in [("Upgrade", "h2c"), ("Upgrade, HTTP2-Settings", "h2c, websocket")] {
            let given =
                [("connection", connection), ("upgrade", protocol), ("http2-settings", "AAMAAABkAAQAoAAA")];
            let (headers, upgrades) = sent(&given, "/");
            assert!(!upgrades, "{protocol}");
            let left = ["connection", "upgrade", "http2-settings"].map(|name| headers.contains_key(name));
            assert_eq!(left, [false; 3], "{protocol}");
        }
    }

    #[test]
    fn a_websocket_upgrade_is_forwarded() {
        let (headers, upgrades) =
            sent(&[("connection", "keep-alive, Upgrade"), ("upgrade", "websocket")], "/");
        assert!(upgrades);
        assert_eq!(
            (&headers[CONNECTION], &headers[UPGRADE]),
            (&"upgrade".parse().unwrap(), &"websocket".parse().unwrap())
        );
    }

    #[test]
    fn the_host_of_an_absolute_form_overrides_the_header() {
        let (headers, _) = sent(&[("host", "liar")], "http://user@b.example:81/");
        assert_eq!(headers[HOST], "b.example:81");
    }
}
