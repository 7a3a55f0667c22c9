//! The page of an installed app that a request comes from or asks for: page cookie, page token and masking.

use super::forward::scheme;
use crate::page::{self, TokenMask};
use crate::state::ShardState;
use crate::stream::Body;
use footbridge_engine::{AppEntry, PageId};
use footbridge_model::name::AppName;
use http::Response;
use http::header::{ACCEPT_ENCODING, HeaderMap, IF_MODIFIED_SINCE, IF_NONE_MATCH, SET_COOKIE};
use http::request::Parts;
use std::sync::Arc;

/// A page of an installed app.
pub(super) struct RequestedPage {
    entry: Option<Arc<AppEntry>>,
    id: PageId,
    /// True if the browser has the page cookie.
    known: bool,
}

impl RequestedPage {
    /// Returns the page that the cookie names, or a new one.
    pub(super) fn new(local: &ShardState, head: &Parts, app: &AppName) -> Self {
        let engine = &local.shared.engine;
        let known = local.shared.live.authenticator.page_key.check(engine, &head.headers, Some(app));
        let id = known.as_ref().map_or_else(|| engine.new_page(), |(_, id)| *id);
        let known = known.is_some();
        Self { entry: engine.app(app).ok(), id, known }
    }

    /// Asks the app for an uncompressed answer, so that tokens can be masked. For a browser without the cookie, also asks for
    /// a complete answer: its cache may hold a page with another page token.
    pub(super) fn adjust_request(&self, head: &Parts, headers: &mut HeaderMap) {
        headers.remove(ACCEPT_ENCODING);
        if !self.known && page::asks_for_page(head) {
            headers.remove(IF_NONE_MATCH);
            headers.remove(IF_MODIFIED_SINCE);
        }
    }

    /// Returns the mask that keeps the app's run token out of the answer.
    pub(super) fn mask(&self, local: &ShardState) -> Option<TokenMask> {
        let engine = &local.shared.engine;
        let entry = self.entry.as_deref()?;
        TokenMask::new(engine.run_token(entry)?, engine.page_token(&entry.proof(), self.id))
    }

    /// Sets the page cookie if the answer is a page.
    pub(super) fn set_cookie(&self, local: &ShardState, head: &Parts, response: &mut Response<Body>) {
        if !page::is_page(head, response.status(), response.headers()) {
            return;
        }
        let (key, now) = (&local.shared.live.authenticator.page_key, local.shared.engine.now());
        let secure = scheme(local) == "https";
        let cookie = self.entry.as_deref().and_then(|entry| key.cookie(entry, self.id, now, secure));
        if let Some(cookie) = cookie {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
    }
}
