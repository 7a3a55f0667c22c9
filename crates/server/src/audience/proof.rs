//! Which app a page proves itself to be of.

use super::query;
use crate::credential::{authorization, bearer};
use crate::page::PageKey;
use footbridge_engine::{AppEntry, Engine, Ticket, TicketUse};
use footbridge_model::event::Event;
use footbridge_model::name::AppName;
use http::HeaderMap;
use http::header::{AUTHORIZATION, HOST, ORIGIN, REFERER};
use http::request::Parts;
use std::sync::Arc;

/// What proofs are judged with.
#[derive(Debug)]
pub(crate) struct Proofs {
    pub(crate) engine: Engine,
    pub(crate) pages: PageKey,
    /// The origin of `public_url`.
    origin: String,
}

/// A page's app, and what it may see of it.
#[derive(Debug, Clone)]
pub(crate) struct Proof {
    pub(crate) entry: Arc<AppEntry>,
    ticket: Option<Ticket>,
}

impl Proof {
    /// Whether the page may see this event of its app's.
    pub(crate) fn covers(&self, event: &Event) -> bool {
        self.ticket.as_ref().is_none_or(|ticket| ticket.covers(&event.publisher, &event.name))
    }
}

impl Proofs {
    pub(crate) fn new(engine: Engine, pages: PageKey, public_url: &str) -> Self {
        let authority = public_url.find("://").map_or(0, |at| at + "://".len());
        let rest = public_url.get(authority..).unwrap_or_default();
        let length = authority + rest.find('/').unwrap_or(rest.len());
        let origin = public_url.get(..length).unwrap_or_default().to_ascii_lowercase();
        Self { engine, pages, origin }
    }

    /// What a request proves, or the ticket that came another way. Whoever gives a ticket is judged by that alone.
    pub(crate) fn of(&self, head: &Parts, ticket: Option<&str>) -> Option<Proof> {
        if let Some(ticket) = ticket {
            return self.by_ticket(ticket.as_bytes());
        }
        if head.headers.contains_key(AUTHORIZATION) {
            return self.by_ticket(authorization(&head.headers).and_then(bearer)?);
        }
        if let Some(ticket) = query::single(head.uri.query(), "ticket").ok()? {
            return self.by_ticket(ticket.as_bytes());
        }
        self.by_cookie(&head.headers)
    }

    fn by_ticket(&self, ticket: &[u8]) -> Option<Proof> {
        let ticket = self.engine.ticket(ticket, TicketUse::Live)?;
        Some(Proof { entry: Arc::clone(&ticket.entry), ticket: Some(ticket) })
    }

    /// A browser sends the cookie along whoever asks, so it must also say that one of our own pages does.
    fn by_cookie(&self, headers: &HeaderMap) -> Option<Proof> {
        if !self.is_ours(headers) {
            return None;
        }
        let page = match headers.get(REFERER) {
            Some(referer) => Some(app_of(referer.to_str().ok()?)).flatten(),
            // Browsers say it with everything but WebSockets.
            None => None,
        };
        let entry = self.pages.check(&self.engine, headers, page.as_ref())?;
        Some(Proof { entry, ticket: None })
    }

    fn is_ours(&self, headers: &HeaderMap) -> bool {
        let text = |value: &http::HeaderValue| value.to_str().ok().map(str::to_ascii_lowercase);
        if let Some(origin) = headers.get(ORIGIN) {
            let host = headers.get(HOST).and_then(text).unwrap_or_default();
            return text(origin).is_some_and(|origin| {
                origin == self.origin || origin.split_once("://").is_some_and(|(_, it)| it == host)
            });
        }
        headers.get("sec-fetch-site").is_none_or(|site| site == "same-origin")
    }
}

/// The app under whose `/x/` this page is.
fn app_of(referer: &str) -> Option<AppName> {
    let (_, rest) = referer.split_once("://")?;
    let path = rest.get(rest.find('/')?..)?;
    let name = path.strip_prefix("/x/")?.split(['/', '?', '#']).next()?;
    AppName::find(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_by_their_address() {
        for (referer, app) in [
            ("http://a:1/x/shop/", Some("shop")),
            ("https://a/x/Shop?x=/x/b", Some("Shop")),
            ("http://a/y/x/shop/", None),
            ("http://a", None),
            ("shop", None),
        ] {
            assert_eq!(app_of(referer).as_ref().map(AppName::as_str), app, "{referer}");
        }
    }
}
