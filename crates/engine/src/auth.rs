//! Authentication: only a credential becomes a [`Caller`].

use crate::registry::{AppEntry, AppRegistry, SecretKind};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use footbridge_model::secret::{Rotating, SecretVersion, digest};
use footbridge_model::time::Millis;
use std::sync::Arc;

/// The longest `Authorization` header that is accepted, in bytes.
const MAX_HEADER: usize = 4096;

/// An authenticated app.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The app that calls.
    pub entry: Arc<AppEntry>,
    /// The kind of secret that authenticated it.
    pub(crate) kind: SecretKind,
    /// The kind of secret that was used for the first time since its rotation, if so.
    pub(crate) first_use: Option<SecretKind>,
}

impl AppRegistry {
    /// The app that a token authenticates.
    pub(crate) fn by_token(&self, token: &[u8], now: Millis) -> Option<Caller> {
        let directory = self.directory.load();
        let entry = directory.by_token(&digest(token))?;
        if let Some(run) = &entry.run {
            let proves = run.token.matches(token) && entry.app.enabled;
            let kind = SecretKind::Token;
            return proves.then(|| Caller { entry: Arc::clone(entry), kind, first_use: None });
        }
        prove(entry, &entry.app.secrets.token, token, SecretKind::Token, now)
    }

    /// The app that `<prefix> base64(<name>:<secret key>)` authenticates.
    pub(crate) fn by_authorization(&self, header: &[u8], now: Millis) -> Option<Caller> {
        let (prefix, name, secret) = parse(header)?;
        let directory = self.directory.load();
        let Some(entry) = directory.app(&name) else {
            // The same work as for a known name, so that the time does not reveal which names exist.
            let _ = digest(&secret);
            return None;
        };
        let caller = prove(entry, &entry.app.secrets.secret_key, &secret, SecretKind::SecretKey, now)?;
        prefix.eq_ignore_ascii_case(&entry.app.token_prefix).then_some(caller)
    }
}

fn prove(
    entry: &Arc<AppEntry>,
    secret: &Rotating,
    offered: &[u8],
    kind: SecretKind,
    now: Millis,
) -> Option<Caller> {
    let which = secret.check(offered, now).filter(|_| entry.app.enabled)?;
    let first_use = (which == SecretVersion::Current && secret.awaits_first_use(now)).then_some(kind);
    Some(Caller { entry: Arc::clone(entry), kind, first_use })
}

fn parse(header: &[u8]) -> Option<(&str, String, Vec<u8>)> {
    let text = std::str::from_utf8(header).ok().filter(|text| text.len() <= MAX_HEADER)?;
    let (prefix, pair) = text.split_once(' ')?;
    let pair = STANDARD.decode(pair).ok()?;
    let colon = pair.iter().position(|byte| *byte == b':')?;
    let (name, secret) = pair.split_at_checked(colon)?;
    let name = std::str::from_utf8(name).ok()?.to_owned();
    Some((prefix, name, secret.get(1..)?.to_vec()))
}
