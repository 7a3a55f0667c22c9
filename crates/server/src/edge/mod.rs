//! Checks that come before routing: the host name of the request, the address of its client, and the limit on wrong
//! credentials.

mod client;
mod hosts;
mod throttle;

pub use client::{ClientInfo, Proxies};
pub(crate) use hosts::names_host_of;
pub use hosts::{HostName, Hosts, HostsError};
pub(crate) use throttle::{Admission, PresentedCredential, Throttle, client_network};

use crate::problem::{Problem, ProblemCode};
use http::header::HOST;
use http::{HeaderMap, Request, Version};
use std::net::SocketAddr;

/// Host names, proxies and the throttle of wrong credentials.
#[derive(Debug)]
pub struct Edge {
    hosts: Hosts,
    proxies: Proxies,
    pub(crate) throttle: Throttle,
}

impl Edge {
    /// Creates the edge of a server with these host names and proxies.
    pub fn new(hosts: Hosts, proxies: Proxies) -> Self {
        Self { hosts, proxies, throttle: Throttle::default() }
    }

    /// Returns the client that sent a request over a connection from `peer`.
    ///
    /// # Errors
    /// The method is not in capital letters, `Host` is missing or given twice, or the host name is unknown.
    pub(crate) fn client<B>(&self, request: &Request<B>, peer: SocketAddr) -> Result<ClientInfo, Problem> {
        let named = self.host(request)?;
        Ok(self.proxies.client(request.headers(), peer, named))
    }

    /// Returns true if the request names this server; HTTP/1.0 requests need no name.
    ///
    /// RFC 9112 requires exactly one `Host`, which hyper does not check. A page that reaches this server by DNS rebinding is
    /// recognised by its host name.
    fn host<B>(&self, request: &Request<B>) -> Result<bool, Problem> {
        let bad = |why| Err(Problem::new(ProblemCode::BadRequest, why));
        // Methods are case-sensitive (RFC 9110 §9.1), but some apps compare them without case. Only capital letters pass,
        // so that no method is mistaken for another.
        let upper = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-';
        if !request.method().as_str().bytes().all(upper) {
            return bad("the method must be written in capital letters, such as GET or POST");
        }
        let mut given = HeaderMap::get_all(request.headers(), HOST).iter();
        let host = match (given.next(), given.next()) {
            (_, Some(_)) => return bad("the request has more than one Host header"),
            (host, None) => host,
        };
        // A request in absolute form ignores its `Host` (RFC 9112 §3.2.2).
        let name = match (request.uri().authority(), host) {
            (Some(authority), _) => Some(authority.as_str().as_bytes()),
            (None, Some(host)) => Some(host.as_bytes()),
            (None, None) if request.version() == Version::HTTP_10 => None,
            (None, None) => return bad("the request has no Host header"),
        };
        let Some(name) = name else { return Ok(false) };
        if self.hosts.contains(name) {
            return Ok(true);
        }
        if request.uri().path() == "/livez" {
            return Ok(false);
        }
        Err(Problem::new(ProblemCode::UnknownHost, self.hosts.unknown(name)))
    }
}
