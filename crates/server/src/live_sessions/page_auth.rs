//! Page authentication: which app a page belongs to, by a ticket or by the page cookie.

use crate::credential::{authorization, bearer};
use crate::page::PageKey;
use crate::query;
use footbridge_engine::{AppProof, Engine, PageId, Ticket, TicketError, TicketUse};
use footbridge_model::event::Event;
use footbridge_model::name::AppName;
use http::HeaderMap;
use http::header::{AUTHORIZATION, HOST, ORIGIN, REFERER};
use http::request::Parts;

/// Authenticates pages by their ticket or cookie.
#[derive(Debug)]
pub(crate) struct PageAuthenticator {
    pub(crate) engine: Engine,
    pub(crate) page_key: PageKey,
    /// The origin of `public_url`, in lower case.
    origin: String,
}

/// An authenticated page: its app, and which of the app's events it may see.
#[derive(Debug, Clone)]
pub(crate) struct PageAuth {
    pub(crate) app: AppProof,
    /// Identifies the page; a ticket gives each connection an id of its own.
    pub(crate) page: PageId,
    ticket: Option<Ticket>,
}

/// Why a page is not authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PageAuthError {
    /// The request has neither a ticket nor a usable page cookie.
    #[error(
        "send a ticket (`auth.ticket` of Socket.IO, `?ticket=`, or `Authorization: Bearer`), or connect from a page that this server serves under /x/ (with Socket.IO: poll first)"
    )]
    Missing,
    /// The ticket is given twice or in a form that cannot be read.
    #[error("the ticket is given twice or cannot be read; send it once, as it was issued")]
    Unreadable,
    /// The ticket is not valid.
    #[error(transparent)]
    Ticket(#[from] TicketError),
}

impl PageAuth {
    /// Returns true if the page may see this event of its app.
    pub(crate) fn covers(&self, event: &Event) -> bool {
        self.ticket.as_ref().is_none_or(|ticket| ticket.covers(&event.publisher, &event.name))
    }
}

impl PageAuthenticator {
    pub(crate) fn new(engine: Engine, page_key: PageKey, public_url: &str) -> Self {
        let authority = public_url.find("://").map_or(0, |at| at + "://".len());
        let rest = public_url.get(authority..).unwrap_or_default();
        let length = authority + rest.find('/').unwrap_or(rest.len());
        let origin = public_url.get(..length).unwrap_or_default().to_ascii_lowercase();
        Self { engine, page_key, origin }
    }

    /// Authenticates a page by its request, or by a `ticket` that came another way. A request with a ticket is judged by
    /// that ticket alone.
    ///
    /// # Errors
    /// [`PageAuthError`] names what is missing or wrong.
    pub(crate) fn authenticate(&self, head: &Parts, ticket: Option<&str>) -> Result<PageAuth, PageAuthError> {
        if let Some(ticket) = ticket {
            return self.by_ticket(ticket.as_bytes());
        }
        if head.headers.contains_key(AUTHORIZATION) {
            let header = authorization(&head.headers).and_then(bearer);
            return self.by_ticket(header.ok_or(PageAuthError::Unreadable)?);
        }
        let parameter = query::single(head.uri.query(), "ticket").map_err(|_| PageAuthError::Unreadable)?;
        if let Some(ticket) = parameter {
            return self.by_ticket(ticket.as_bytes());
        }
        self.by_cookie(&head.headers).ok_or(PageAuthError::Missing)
    }

    fn by_ticket(&self, ticket: &[u8]) -> Result<PageAuth, PageAuthError> {
        let ticket = self.engine.ticket(ticket, TicketUse::Live)?;
        Ok(PageAuth { app: ticket.proof.clone(), page: self.engine.new_page(), ticket: Some(ticket) })
    }

    /// Browsers send the cookie whichever page asks, so the request must also show that it comes from a page of this
    /// server.
    fn by_cookie(&self, headers: &HeaderMap) -> Option<PageAuth> {
        if !self.is_same_origin(headers) {
            return None;
        }
        // Browsers send `Referer` with everything but WebSocket handshakes.
        let app = match headers.get(REFERER) {
            Some(referer) => app_of_page(referer.to_str().ok()?),
            None => None,
        };
        let (entry, page) = self.page_key.check(&self.engine, headers, app.as_ref())?;
        Some(PageAuth { app: entry.proof(), page, ticket: None })
    }

    fn is_same_origin(&self, headers: &HeaderMap) -> bool {
        let text = |value: &http::HeaderValue| value.to_str().ok().map(str::to_ascii_lowercase);
        if let Some(origin) = headers.get(ORIGIN) {
            let host = headers.get(HOST).and_then(text).unwrap_or_default();
            // For the public host name only the public scheme is accepted: a page loaded over plain http can be forged by
            // anyone on the network path.
            let public = self.origin.split_once("://").is_some_and(|(_, it)| it == host);
            return text(origin).is_some_and(|origin| {
                let same = origin.split_once("://").is_some_and(|(_, it)| it == host);
                origin == self.origin || (same && !public)
            });
        }
        headers.get("sec-fetch-site").is_none_or(|site| site == "same-origin")
    }
}

/// Returns the app under whose `/x/` path a page is.
fn app_of_page(url: &str) -> Option<AppName> {
    let (_, rest) = url.split_once("://")?;
    let path = rest.get(rest.find('/')?..)?;
    let name = path.strip_prefix("/x/")?.split(['/', '?', '#']).next()?;
    AppName::find(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_app_of_a_page_is_read_from_its_address() {
        for (url, app) in [
            ("http://a:1/x/shop/", Some("shop")),
            ("https://a/x/Shop?x=/x/b", Some("Shop")),
            ("http://a/y/x/shop/", None),
            ("http://a", None),
            ("shop", None),
        ] {
            assert_eq!(app_of_page(url).as_ref().map(AppName::as_str), app, "{url}");
        }
    }
}
