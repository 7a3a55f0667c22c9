//! Pages of installed apps that are connected: the token that stands for the app's own in what they see.
//!
//! Whoever may load a page has its token, so it proves next to nothing: it publishes the events that the app's package
//! lists for its pages, and only while the page is connected.

use crate::proof_key::ProofKey;
use crate::rate::{Bucket, Rate};
use crate::registry::{AppEntry, AppProof, AppRegistry};
use footbridge_model::name::EventName;
use footbridge_model::secret::{Secret, digest};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// What tokens of pages begin with. A page's token is as long as that of a run, so that it can stand in its place.
pub const PAGE_TOKEN_MARK: &str = "fbp_";
/// What one page may publish.
const ONE: Rate = Rate { per_second: 10.0, burst: 30.0 };
/// What all pages of an app may publish together.
const TOGETHER: Rate = Rate { per_second: 100.0, burst: 300.0 };

/// Which page: a number that nobody can guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageId(pub [u8; 16]);

/// The pages that are connected, by the digests of their tokens.
#[derive(Debug)]
pub(crate) struct Pages {
    key: ProofKey,
    open: Mutex<HashMap<[u8; 32], Open>>,
}

#[derive(Debug)]
struct Open {
    proof: AppProof,
    sockets: usize,
    bucket: Arc<Bucket>,
}

/// A connection of a page; its token counts until the last of them is dropped.
#[derive(Debug)]
pub struct PageSocket {
    /// The page's token.
    pub token: Secret,
    pages: Arc<Pages>,
}

/// A page that has proved itself with its token.
#[derive(Debug, Clone)]
pub struct PageCaller {
    /// The app that the page is of.
    pub entry: Arc<AppEntry>,
    /// The digest of its token.
    pub(crate) page: [u8; 32],
    bucket: Arc<Bucket>,
}

/// Why a page may not publish an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PageRefusal {
    /// Its app does not list it.
    #[error(
        "pages of `{app}` may not publish `{event}`: add it to `footbridge.page_events` in the app's package.json ([\"*\"] for all) and install the app again, or let its back end publish it"
    )]
    NotListed {
        /// The page's app.
        app: String,
        /// What it wanted to publish.
        event: String,
    },
    /// It publishes too much.
    #[error("the page publishes more than it may; try again in {} ms", .0.as_millis())]
    TooMuch(Duration),
}

impl Pages {
    pub(crate) fn new(key: ProofKey) -> Self {
        Self { key, open: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token of a page, whether or not it is connected.
    pub(crate) fn token(&self, proof: &AppProof, page: PageId) -> Secret {
        let text = self.key.text("page", &[&page.0, &proof.sealed()]);
        Secret::new(format!("{PAGE_TOKEN_MARK}{text}"))
    }

    /// A page connects.
    pub(crate) fn enter(self: &Arc<Self>, proof: &AppProof, page: PageId) -> PageSocket {
        let token = self.token(proof, page);
        let mut open = self.lock();
        let its = open.entry(token.digest()).or_insert_with(|| Open {
            proof: proof.clone(),
            sockets: 0,
            bucket: Arc::default(),
        });
        its.sockets += 1;
        drop(open);
        PageSocket { token, pages: Arc::clone(self) }
    }

    /// The page whose token this is.
    pub(crate) fn caller(&self, registry: &AppRegistry, token: &[u8]) -> Option<PageCaller> {
        let page = digest(token);
        let (proof, bucket) = {
            let open = self.lock();
            let its = open.get(&page)?;
            (its.proof.clone(), Arc::clone(&its.bucket))
        };
        Some(PageCaller { entry: registry.app_by_proof(&proof)?, page, bucket })
    }
}

impl Drop for PageSocket {
    fn drop(&mut self) {
        let mut open = self.pages.lock();
        let digest = self.token.digest();
        if let Some(its) = open.get_mut(&digest) {
            its.sockets -= 1;
            if its.sockets == 0 {
                open.remove(&digest);
            }
        }
    }
}

impl PageCaller {
    /// Whether it may publish this now.
    pub(crate) fn may_publish(&self, name: &EventName, now: Instant) -> Result<(), PageRefusal> {
        let app = &self.entry.app;
        if !app.package.as_deref().is_some_and(|package| package.page_may_publish(name)) {
            let (app, event) = (app.name.to_string(), name.as_str().to_owned());
            return Err(PageRefusal::NotListed { app, event });
        }
        self.bucket.take(ONE, 1, now).map_err(PageRefusal::TooMuch)?;
        self.entry.state.pages.take(TOGETHER, 1, now).map_err(PageRefusal::TooMuch)
    }
}
