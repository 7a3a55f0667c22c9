//! Which app a page proves itself to be of.

use super::query;
use crate::credential::{authorization, bearer};
use crate::page::PageKey;
use footbridge_engine::{AppProof, Engine, PageId, Ticket, TicketError, TicketUse};
use footbridge_model::event::Event;
use footbridge_model::name::AppName;
use http::HeaderMap;
use http::header::{AUTHORIZATION, HOST, ORIGIN, REFERER};
use http::request::Parts;

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
    pub(crate) app: AppProof,
    /// Which page it is; with a ticket, one of its own for each connection.
    pub(crate) page: PageId,
    ticket: Option<Ticket>,
}

/// Why a page has proved nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unproved {
    /// It has given nothing to prove it with.
    #[error(
        "give a ticket (`auth.ticket` of Socket.IO, `?ticket=`, or `Authorization: Bearer`), or connect from a page that the server shows under /x/ (with Socket.IO by polling first)"
    )]
    Nothing,
    /// It has given something twice, or in a form that nobody reads.
    #[error("the ticket is given twice or is not readable; give it once, as it was made")]
    Unreadable,
    /// Its ticket is not good.
    #[error(transparent)]
    Ticket(#[from] TicketError),
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
    pub(crate) fn of(&self, head: &Parts, ticket: Option<&str>) -> Result<Proof, Unproved> {
        if let Some(ticket) = ticket {
            return self.by_ticket(ticket.as_bytes());
        }
        if head.headers.contains_key(AUTHORIZATION) {
            let ticket = authorization(&head.headers).and_then(bearer).ok_or(Unproved::Unreadable)?;
            return self.by_ticket(ticket);
        }
        let given = query::single(head.uri.query(), "ticket").map_err(|()| Unproved::Unreadable)?;
        if let Some(ticket) = given {
            return self.by_ticket(ticket.as_bytes());
        }
        self.by_cookie(&head.headers).ok_or(Unproved::Nothing)
    }

    fn by_ticket(&self, ticket: &[u8]) -> Result<Proof, Unproved> {
        let ticket = self.engine.ticket(ticket, TicketUse::Live)?;
        Ok(Proof { app: ticket.proof.clone(), page: self.engine.new_page(), ticket: Some(ticket) })
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
        let (entry, page) = self.pages.check(&self.engine, headers, page.as_ref())?;
        Some(Proof { app: entry.proof(), page, ticket: None })
    }

    fn is_ours(&self, headers: &HeaderMap) -> bool {
        let text = |value: &http::HeaderValue| value.to_str().ok().map(str::to_ascii_lowercase);
        if let Some(origin) = headers.get(ORIGIN) {
            let host = headers.get(HOST).and_then(text).unwrap_or_default();
            // Under the public name only the public scheme counts: over plain http anybody on the way can write the page.
            let public = self.origin.split_once("://").is_some_and(|(_, it)| it == host);
            return text(origin).is_some_and(|origin| {
                let same = origin.split_once("://").is_some_and(|(_, it)| it == host);
                origin == self.origin || (same && !public)
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
