//! An app with everything that its exchanges and deliveries need, computed once per change.

use super::app_state::AppState;
use super::spec::SecretSet;
use super::uses::EntryUses;
use crate::app_phase::Run;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use footbridge_courier::{Grant, Roots, Target};
use footbridge_model::app::App;
use footbridge_model::rotation::{Rotating, SecretVersion};
use footbridge_model::secret::Secret;
use footbridge_model::signature::Signer;
use footbridge_model::time::Millis;
use http::{HeaderMap, HeaderName, HeaderValue};
use std::sync::Arc;

const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// An app with its run, its state and what its requests need.
#[derive(Debug)]
pub struct AppEntry {
    /// The settings of the app.
    pub app: App,
    /// The secrets that the configuration file defines. The API cannot change them.
    pub file_secrets: SecretSet,
    pub(crate) state: Arc<AppState>,
    /// The run of the app when this entry was made.
    pub(crate) run: Option<Arc<Run>>,
    /// The addresses that this app may be sent to because the operator wrote them.
    pub(crate) grants: Arc<[Grant]>,
    /// Additional certificate authorities for requests to this app.
    pub(crate) roots: Option<Arc<Roots>>,
    /// The name of the app, for logs and metrics of outbound requests.
    pub(crate) label: Arc<str>,
    pub(crate) receiver: Option<Arc<Target>>,
    /// Counts the uses of its secrets.
    pub(crate) uses: EntryUses,
    signers: Vec<(Signer, Option<Millis>)>,
    /// The header for each version of the secret key, or one for all.
    authorization: Vec<Option<HeaderValue>>,
}

impl AppEntry {
    pub(crate) fn new(app: App, state: Arc<AppState>, file_secrets: SecretSet) -> Self {
        let target = |url: &Option<String>| url.as_deref().and_then(|url| Target::parse(url).ok());
        let receiver = target(&app.receiver_url).map(Arc::new);
        let base = target(&app.url);
        let run = state.lifecycle.run().filter(|_| app.package.is_some());
        let grants =
            receiver.as_deref().into_iter().chain(base.as_ref()).map(|target| grant(&app, target)).collect();
        let roots = app.ca_file.as_deref().and_then(|path| state.roots(path));
        let label = Arc::from(app.name.as_str());
        let signers = signers(&app.secrets.signing_secret);
        let (prefix, name) = (&app.token_prefix, app.name.as_str());
        let authorization = match &app.receiver_auth {
            Some(auth) => vec![authorization(prefix, &auth.name, &auth.secret)],
            None => versions(&app.secrets.secret_key)
                .map(|(secret, _)| authorization(prefix, name, secret))
                .collect(),
        };
        let uses = state.uses.of(&app.secrets);
        Self { app, file_secrets, state, run, grants, roots, label, receiver, uses, signers, authorization }
    }

    /// The `Authorization` header of requests to its receiver.
    pub(crate) fn authorization(&self, now: Millis) -> Option<&HeaderValue> {
        let version = match &self.app.receiver_auth {
            Some(_) => SecretVersion::CURRENT,
            None => self.app.secrets.secret_key.outbound(now),
        };
        self.authorization.get(version.age())?.as_ref()
    }

    /// The token in its envelopes.
    pub(crate) fn token(&self, now: Millis) -> &str {
        match &self.run {
            Some(run) => run.token.expose(),
            None => self.app.secrets.token.outbound_secret(now).expose(),
        }
    }

    /// Adds the Standard Webhooks headers for `body`, with one signature per valid secret. Returns `None` if a value is
    /// not a valid header.
    pub(crate) fn sign(&self, headers: &mut HeaderMap, id: &str, body: &[u8], now: Millis) -> Option<()> {
        let mut signatures = String::with_capacity(100);
        for (signer, until) in &self.signers {
            if until.is_none_or(|until| now < until) {
                signer.sign(id, now.seconds(), body, &mut signatures);
            }
        }
        headers.insert(WEBHOOK_ID, HeaderValue::from_str(id).ok()?);
        headers.insert(WEBHOOK_TIMESTAMP, HeaderValue::from(now.seconds()));
        headers.insert(WEBHOOK_SIGNATURE, HeaderValue::from_str(&signatures).ok()?);
        Some(())
    }

    /// Returns true while exchanges to its receiver are held back, because it could not be reached.
    pub fn is_unreachable(&self) -> bool {
        self.state.breaker.is_open()
    }

    /// Returns true if the app runs: an installed app while it has a run, any other app if it has a `url`.
    pub fn is_running(&self) -> bool {
        self.app.enabled && (self.app.url.is_some() || self.run.is_some())
    }
}

/// The access that a URL of the app grants.
fn grant(app: &App, target: &Target) -> Grant {
    Grant::with_classes(target, app.host_classes.get(target.host()).copied().unwrap_or_default())
}

/// All versions of a secret, newest first, with the times at which they become invalid.
fn versions(secret: &Rotating) -> impl Iterator<Item = (&Secret, Option<Millis>)> {
    let previous = secret.previous.iter().map(|old| (&old.secret, Some(old.until)));
    std::iter::once((&secret.current, None)).chain(previous)
}

fn signers(secret: &Rotating) -> Vec<(Signer, Option<Millis>)> {
    versions(secret).filter_map(|(secret, until)| Some((Signer::new(secret).ok()?, until))).collect()
}

fn authorization(prefix: &str, name: &str, secret: &Secret) -> Option<HeaderValue> {
    let pair = STANDARD.encode(format!("{name}:{}", secret.expose()));
    let mut value = HeaderValue::from_str(&format!("{prefix} {pair}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}
