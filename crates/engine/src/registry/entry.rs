//! An app with everything that its exchanges and deliveries need, made ready once.

use super::spec::SecretSet;
use super::state::AppState;
use crate::life::Run;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use footbridge_courier::{Grant, Roots, Target};
use footbridge_model::app::App;
use footbridge_model::secret::Secret;
use footbridge_model::signature::Signer;
use footbridge_model::time::Millis;
use http::{HeaderMap, HeaderName, HeaderValue};
use std::sync::Arc;

const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// An app as the engine holds it.
#[derive(Debug)]
pub struct AppEntry {
    /// The app.
    pub app: App,
    /// Which of its secrets the configuration file gives, and so nobody else may change.
    pub file_secrets: SecretSet,
    pub(crate) state: Arc<AppState>,
    /// The run it had when this was made.
    pub(crate) run: Option<Arc<Run>>,
    /// Where the operator's own URLs lead, allowed for this app alone.
    pub(crate) grants: Arc<[Grant]>,
    /// Authorities that are trusted when it is sent to.
    pub(crate) roots: Option<Arc<Roots>>,
    /// Its name, for whoever sends to it.
    pub(crate) label: Arc<str>,
    pub(crate) receiver: Option<Arc<Target>>,
    signers: Vec<(Signer, Option<Millis>)>,
    authorization: Vec<(HeaderValue, Option<Millis>)>,
}

impl AppEntry {
    pub(crate) fn new(app: App, state: Arc<AppState>, file_secrets: SecretSet) -> Self {
        let target = |url: &Option<String>| url.as_deref().and_then(|url| Target::parse(url).ok());
        let receiver = target(&app.receiver_url).map(Arc::new);
        let base = target(&app.url);
        let run = state.life.run().filter(|_| app.package.is_some());
        let grants =
            receiver.as_deref().into_iter().chain(base.as_ref()).map(|target| grant(&app, target)).collect();
        let roots = app.ca_file.as_deref().and_then(|path| state.roots(path));
        let label = Arc::from(app.name.as_str());
        let signers = made(&app.secrets.signing_secret, |secret| Signer::new(secret).ok());
        let authorization = match &app.receiver_auth {
            Some(auth) => authorization(&app.token_prefix, &auth.name, &auth.secret)
                .map(|value| (value, None))
                .into_iter()
                .collect(),
            None => made(&app.secrets.secret_key, |secret| {
                authorization(&app.token_prefix, app.name.as_str(), secret)
            }),
        };
        Self { app, file_secrets, state, run, grants, roots, label, receiver, signers, authorization }
    }

    /// What goes into `Authorization` on the way to its receiver.
    pub(crate) fn authorization(&self, now: Millis) -> Option<&HeaderValue> {
        let rotating = &self.app.secrets.secret_key;
        let old = rotating.previous.as_ref().is_some_and(|p| now < p.until && !p.superseded);
        let wanted = if old { self.authorization.last() } else { self.authorization.first() };
        wanted.map(|(value, _)| value)
    }

    /// The token that its envelopes carry.
    pub(crate) fn token(&self, now: Millis) -> &str {
        match &self.run {
            Some(run) => run.token.expose(),
            None => self.app.secrets.token.outbound(now).expose(),
        }
    }

    /// Puts the Standard Webhooks headers for these bytes: one signature for each live secret. `None` when
    /// they cannot be sent.
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

    /// Whether it runs: an installed app while it has a run, any other with a `url` while the server runs.
    pub fn is_running(&self) -> bool {
        self.app.enabled && (self.app.url.is_some() || self.run.is_some())
    }
}

/// What a URL of the operator's opens for its app.
fn grant(app: &App, target: &Target) -> Grant {
    Grant::seen(target, app.host_classes.get(target.host()).copied().unwrap_or_default())
}

fn made<T>(
    secret: &footbridge_model::secret::Rotating,
    make: impl Fn(&Secret) -> Option<T>,
) -> Vec<(T, Option<Millis>)> {
    let current = make(&secret.current).map(|made| (made, None));
    let previous = secret.previous.as_ref().and_then(|p| make(&p.secret).map(|made| (made, Some(p.until))));
    current.into_iter().chain(previous).collect()
}

fn authorization(prefix: &str, name: &str, secret: &Secret) -> Option<HeaderValue> {
    let pair = STANDARD.encode(format!("{name}:{}", secret.expose()));
    let mut value = HeaderValue::from_str(&format!("{prefix} {pair}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}
