//! The page of an installed app that a request comes from or asks for.

use super::forward::scheme;
use crate::page::{self, Mask};
use crate::state::Local;
use crate::stream::Body;
use footbridge_engine::{AppEntry, PageId};
use footbridge_model::name::AppName;
use http::Response;
use http::header::{ACCEPT_ENCODING, HeaderMap, IF_MODIFIED_SINCE, IF_NONE_MATCH, SET_COOKIE};
use http::request::Parts;
use std::sync::Arc;

/// A page, and whether its browser knows it already.
pub(super) struct Page {
    entry: Option<Arc<AppEntry>>,
    id: PageId,
    known: bool,
}

impl Page {
    /// The page that the cookie names, or a new one.
    pub(super) fn of(local: &Local, head: &Parts, app: &AppName) -> Self {
        let engine = &local.shared.engine;
        let known = local.shared.live.proofs.pages.check(engine, &head.headers, Some(app));
        let id = known.as_ref().map_or_else(|| engine.new_page(), |(_, id)| *id);
        let known = known.is_some();
        Self { entry: engine.app(app).ok(), id, known }
    }

    /// Asks the app for an answer that can be read on the way, and for a whole one when what the browser keeps may be of
    /// another page: it holds that page's token.
    pub(super) fn ask(&self, head: &Parts, headers: &mut HeaderMap) {
        headers.remove(ACCEPT_ENCODING);
        if !self.known && page::asks_for_page(head) {
            headers.remove(IF_NONE_MATCH);
            headers.remove(IF_MODIFIED_SINCE);
        }
    }

    /// What keeps the token of the app's run out of the answer.
    pub(super) fn mask(&self, local: &Local) -> Option<Mask> {
        let engine = &local.shared.engine;
        let entry = self.entry.as_deref()?;
        Mask::new(engine.run_token(entry)?, engine.page_token(&entry.proof(), self.id))
    }

    /// Lets the page prove later whose it is.
    pub(super) fn prove(&self, local: &Local, head: &Parts, response: &mut Response<Body>) {
        if !page::is_page(head, response.status(), response.headers()) {
            return;
        }
        let (pages, now) = (&local.shared.live.proofs.pages, local.shared.engine.now());
        let secure = scheme(local) == "https";
        let cookie = self.entry.as_deref().and_then(|entry| pages.cookie(entry, self.id, now, secure));
        if let Some(cookie) = cookie {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
    }
}
