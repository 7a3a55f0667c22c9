//! Authentication: only a credential becomes a [`Caller`].

use crate::registry::{AppEntry, AppRegistry, SecretKind};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use footbridge_model::rotation::SecretVersion;
use footbridge_model::secret::digest;
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
    /// The version of the secret; `None` for the token of a run, which is not rotated.
    version: Option<SecretVersion>,
}

impl Caller {
    /// Counts the use of the secret. Returns its number if outbound requests are to carry it from now on.
    pub(crate) fn count_use(&self, now: Millis) -> Option<u64> {
        let version = self.version?;
        self.entry.uses.add(self.kind, version, now);
        let rotating = self.entry.app.secrets.of(self.kind.into());
        if !rotating.switches(version, now) {
            return None;
        }
        rotating.uses_ids().nth(version.age())
    }
}

impl AppRegistry {
    /// The app that a token authenticates.
    pub(crate) fn by_token(&self, token: &[u8], now: Millis) -> Option<Caller> {
        let directory = self.directory.load();
        let offered = digest(token);
        let entry = directory.by_token(&offered)?;
        if let Some(run) = &entry.run {
            let proves = run.token.has_digest(&offered) && entry.app.enabled;
            let kind = SecretKind::Token;
            return proves.then(|| Caller { entry: Arc::clone(entry), kind, version: None });
        }
        prove(entry, &offered, SecretKind::Token, now)
    }

    /// The app that `<prefix> base64(<name>:<secret key>)` authenticates.
    pub(crate) fn by_authorization(&self, header: &[u8], now: Millis) -> Option<Caller> {
        let (prefix, name, secret) = parse(header)?;
        // Before the name is looked up, so that the time does not reveal which names exist.
        let offered = digest(&secret);
        let directory = self.directory.load();
        let caller = prove(directory.app(&name)?, &offered, SecretKind::SecretKey, now)?;
        prefix.eq_ignore_ascii_case(&caller.entry.app.token_prefix).then_some(caller)
    }
}

fn prove(entry: &Arc<AppEntry>, offered: &[u8; 32], kind: SecretKind, now: Millis) -> Option<Caller> {
    let version = entry.app.secrets.of(kind.into()).check(offered, now).filter(|_| entry.app.enabled)?;
    Some(Caller { entry: Arc::clone(entry), kind, version: Some(version) })
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
