//! Connected pages of installed apps, and page tokens: a page sees its page token wherever the app wrote its own token.
//!
//! Everyone who may load a page gets its token, so the token allows little: it publishes the events that the app's package
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

/// Prefix of page tokens. A page token has the length of a run token, so that it can replace one.
pub const PAGE_TOKEN_MARK: &str = "fbp_";
/// Publish rate of one page.
const PAGE_RATE: Rate = Rate { per_second: 10.0, burst: 30.0 };
/// Publish rate of all pages of one app together.
const APP_PAGES_RATE: Rate = Rate { per_second: 100.0, burst: 300.0 };

/// Identifies a page: 128 random bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageId(pub [u8; 16]);

/// The connected pages, by the digests of their tokens.
#[derive(Debug)]
pub(crate) struct ConnectedPages {
    key: ProofKey,
    open: Mutex<HashMap<[u8; 32], ConnectedPage>>,
}

#[derive(Debug)]
struct ConnectedPage {
    proof: AppProof,
    sockets: usize,
    bucket: Arc<Bucket>,
}

/// One connection of a page. The page token is valid until the page's last connection is dropped.
#[derive(Debug)]
pub struct PageSocket {
    /// The token of the page.
    pub token: Secret,
    pages: Arc<ConnectedPages>,
}

/// A page that authenticated itself with its page token.
#[derive(Debug, Clone)]
pub struct PageCaller {
    /// The app that the page belongs to.
    pub entry: Arc<AppEntry>,
    /// Digest of the page token.
    pub(crate) page: [u8; 32],
    bucket: Arc<Bucket>,
}

/// Why a page may not publish an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PageRefusal {
    /// The app's package does not list the event.
    #[error(
        "pages of `{app}` may not publish `{event}`: add it to `footbridge.page_events` in the app's package.json ([\"*\"] for all) and install the app again, or let its back end publish it"
    )]
    NotListed {
        /// Name of the page's app.
        app: String,
        /// The event that the page wanted to publish.
        event: String,
    },
    /// The page, or all pages of its app together, exceed the publish rate.
    #[error("the pages of this app publish too fast; try again in {} ms", .0.as_millis())]
    TooMuch(Duration),
}

impl ConnectedPages {
    pub(crate) fn new(key: ProofKey) -> Self {
        Self { key, open: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], ConnectedPage>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the token of a page. The page need not be connected.
    pub(crate) fn token(&self, proof: &AppProof, page: PageId) -> Secret {
        let text = self.key.text("page", &[&page.0, &proof.sealed()]);
        Secret::new(format!("{PAGE_TOKEN_MARK}{text}"))
    }

    /// Adds a connection of a page.
    pub(crate) fn connect(self: &Arc<Self>, proof: &AppProof, page: PageId) -> PageSocket {
        let token = self.token(proof, page);
        let mut open = self.lock();
        let page = open.entry(token.digest()).or_insert_with(|| ConnectedPage {
            proof: proof.clone(),
            sockets: 0,
            bucket: Arc::default(),
        });
        page.sockets += 1;
        drop(open);
        PageSocket { token, pages: Arc::clone(self) }
    }

    /// Returns the connected page that has this token.
    pub(crate) fn caller(&self, registry: &AppRegistry, token: &[u8]) -> Option<PageCaller> {
        let page = digest(token);
        let (proof, bucket) = {
            let open = self.lock();
            let connected = open.get(&page)?;
            (connected.proof.clone(), Arc::clone(&connected.bucket))
        };
        Some(PageCaller { entry: registry.app_by_proof(&proof)?, page, bucket })
    }
}

impl Drop for PageSocket {
    fn drop(&mut self) {
        let mut open = self.pages.lock();
        let digest = self.token.digest();
        if let Some(page) = open.get_mut(&digest) {
            page.sockets -= 1;
            if page.sockets == 0 {
                open.remove(&digest);
            }
        }
    }
}

impl PageCaller {
    /// Checks that the page may publish an event of this name now, and counts it.
    pub(crate) fn check_publish(&self, name: &EventName, now: Instant) -> Result<(), PageRefusal> {
        let app = &self.entry.app;
        if !app.package.as_deref().is_some_and(|package| package.page_may_publish(name)) {
            let (app, event) = (app.name.to_string(), name.as_str().to_owned());
            return Err(PageRefusal::NotListed { app, event });
        }
        self.bucket.take(PAGE_RATE, 1, now).map_err(PageRefusal::TooMuch)?;
        self.entry.state.pages.take(APP_PAGES_RATE, 1, now).map_err(PageRefusal::TooMuch)
    }
}
