//! What is decided before any surface is asked: by which names the server is known, who the visitor is, and how
//! often somebody may guess at a secret.

mod hosts;
mod throttle;
mod visitor;

pub use hosts::{HostName, Hosts, HostsError};
pub(crate) use throttle::{Admission, Presented, Throttle, holder};
pub use visitor::{Proxies, Visitor};

use crate::problem::{Problem, ProblemCode};
use http::header::HOST;
use http::{HeaderMap, Request, Version};
use std::net::SocketAddr;

/// What the edge knows of its surroundings.
#[derive(Debug)]
pub struct Edge {
    hosts: Hosts,
    proxies: Proxies,
    pub(crate) throttle: Throttle,
}

impl Edge {
    /// The edge of a server that is known by `hosts` and stands behind `proxies`.
    pub fn new(hosts: Hosts, proxies: Proxies) -> Self {
        Self { hosts, proxies, throttle: Throttle::default() }
    }

    /// Who sends this request.
    ///
    /// # Errors
    /// The request has no single `Host`, or one by which this server is not known.
    pub(crate) fn visitor<B>(&self, request: &Request<B>, peer: SocketAddr) -> Result<Visitor, Problem> {
        let named = self.host(request)?;
        Ok(self.proxies.visitor(request.headers(), peer, named))
    }

    /// Whether the request names this server; HTTP/1.0 need not name any.
    ///
    /// RFC 9112 demands one `Host`, and hyper lets pass what has none or two. A page whose name was made to lead
    /// here (DNS rebinding) gives itself away by that name.
    fn host<B>(&self, request: &Request<B>) -> Result<bool, Problem> {
        let bad = |why| Err(Problem::new(ProblemCode::BadRequest, why));
        // Methods are compared with case (RFC 9110 §9.1), and programs behind this server do not all heed that: only
        // what no one can mistake for another passes.
        let upper = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-';
        if !request.method().as_str().bytes().all(upper) {
            return bad("the method must be written in capital letters, such as GET or POST");
        }
        let mut given = HeaderMap::get_all(request.headers(), HOST).iter();
        let host = match (given.next(), given.next()) {
            (_, Some(_)) => return bad("the request has more than one Host header"),
            (host, None) => host,
        };
        // Of a request in absolute form its `Host` does not count (RFC 9112 §3.2.2).
        let name = match (request.uri().authority(), host) {
            (Some(authority), _) => Some(authority.as_str().as_bytes()),
            (None, Some(host)) => Some(host.as_bytes()),
            (None, None) if request.version() == Version::HTTP_10 => None,
            (None, None) => return bad("the request has no Host header"),
        };
        let Some(name) = name else { return Ok(false) };
        if self.hosts.knows(name) {
            return Ok(true);
        }
        if request.uri().path() == "/livez" {
            return Ok(false);
        }
        Err(Problem::new(ProblemCode::UnknownHost, hosts::unknown(name)))
    }
}
