//! Tickets: short-lived leave for a page to watch an app's events, or to pass custom events on as the app.
//!
//! A ticket says what it is for and is signed, so nothing of it is kept and it outlives the server. What is signed covers
//! the app's state as well: a ticket ends with its app, and with the secret that it was asked for with.

use crate::auth::Caller;
use crate::proof_key::ProofKey;
use crate::registry::{AppEntry, AppProof, AppRegistry, SecretKind};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use footbridge_model::name::{AppName, EventName};
use footbridge_model::pattern::Pattern;
use footbridge_model::secret::Secret;
use footbridge_model::time::Millis;
use hmac::Mac as _;
use std::sync::Arc;
use std::time::Duration;

/// What tickets begin with, so that scanners can tell a leaked one.
const MARK: &str = "tkt_";
/// The longest life of a ticket.
pub const TICKET_MOST: Duration = Duration::from_mins(10);
/// The most that the patterns of one ticket take together, in bytes: a ticket goes into URLs.
pub const TICKET_PATTERNS: usize = 1024;
/// How much of the signature a ticket carries, in bytes.
const SIGNATURE: usize = 16;
/// The form of what stands before it.
const FORM: u8 = 1;

/// What a ticket is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketUse {
    /// To watch the app's events.
    Live,
    /// To pass custom events on as the app.
    Forward,
}

impl TicketUse {
    /// As it is asked for.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Forward => "forward",
        }
    }
}

/// A ticket that was asked for.
#[derive(Debug, Clone)]
pub struct TicketSpec {
    /// What it is for.
    pub for_use: TicketUse,
    /// Only events that one of these matches; `None` for all. Together at most [`TICKET_PATTERNS`].
    pub events: Option<Vec<Pattern>>,
    /// How long it lives, at most [`TICKET_MOST`].
    pub ttl: Duration,
}

/// A ticket that was shown and holds.
#[derive(Debug, Clone)]
pub struct Ticket {
    /// Whose it is.
    pub entry: Arc<AppEntry>,
    /// What it proves for as long as that counts, even when the ticket has expired.
    pub proof: AppProof,
    events: Option<Arc<[Pattern]>>,
}

impl Ticket {
    /// Whether it is good for this event.
    pub fn covers(&self, publisher: &AppName, name: &EventName) -> bool {
        self.events.as_ref().is_none_or(|events| events.iter().any(|one| one.matches(publisher, name)))
    }

    /// Like [`Self::covers`], for the type of an exchange, which need not be a valid event name.
    pub fn covers_type(&self, publisher: &AppName, event_type: &str) -> bool {
        let matches = |one: &Pattern| one.matches_text(publisher, event_type);
        self.events.as_ref().is_none_or(|events| events.iter().any(matches))
    }
}

/// Why a ticket is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    /// Its signature does not hold.
    #[error(
        "the ticket does not count: this server did not make it, or its app was removed, switched off or given another secret since; ask the app's back end for a new one"
    )]
    Wrong,
    /// Its time is over.
    #[error(
        "the ticket expired at {0}; ask the app's back end for a new one (its `ttl` says how long it lives, at most 10m)"
    )]
    Expired(Millis),
    /// It is for something else.
    #[error("the ticket is for `{}`; ask for one for `{}`", .0.as_str(), .1.as_str())]
    OtherUse(TicketUse, TicketUse),
}

/// Makes tickets and checks them.
#[derive(Debug)]
pub(crate) struct Tickets(ProofKey);

impl Tickets {
    pub(crate) const fn new(key: ProofKey) -> Self {
        Self(key)
    }

    pub(crate) fn issue(&self, caller: &Caller, spec: &TicketSpec, now: Millis) -> (Secret, Millis) {
        let until = now.plus(spec.ttl.min(TICKET_MOST));
        let proof = caller.entry.proof_by(Some(caller.kind));
        let said = Said {
            for_use: spec.for_use,
            kind: caller.kind,
            until,
            app: caller.entry.app.name.clone(),
            events: spec.events.clone(),
        };
        let mut bytes = said.write();
        let signature = self.mac(&bytes, &proof).finalize().into_bytes();
        bytes.extend(signature.iter().take(SIGNATURE));
        (Secret::new(format!("{MARK}{}", URL_SAFE_NO_PAD.encode(bytes))), until)
    }

    pub(crate) fn check(
        &self,
        registry: &AppRegistry,
        ticket: &[u8],
        for_use: TicketUse,
        now: Millis,
    ) -> Result<Ticket, TicketError> {
        let text = ticket.strip_prefix(MARK.as_bytes()).ok_or(TicketError::Wrong)?;
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| TicketError::Wrong)?;
        let length = bytes.len().checked_sub(SIGNATURE).ok_or(TicketError::Wrong)?;
        let (said_bytes, signature) = bytes.split_at_checked(length).ok_or(TicketError::Wrong)?;
        let said = Said::read(said_bytes).ok_or(TicketError::Wrong)?;
        let entry = registry.app(&said.app).map_err(|_| TicketError::Wrong)?;
        let proof = entry.proof_by(Some(said.kind));
        let good = self.mac(said_bytes, &proof).verify_truncated_left(signature).is_ok();
        if !good || !entry.app.enabled {
            return Err(TicketError::Wrong);
        }
        if said.for_use != for_use {
            return Err(TicketError::OtherUse(said.for_use, for_use));
        }
        if now >= said.until {
            return Err(TicketError::Expired(said.until));
        }
        Ok(Ticket { entry, proof, events: said.events.map(Arc::from) })
    }

    fn mac(&self, said: &[u8], proof: &AppProof) -> hmac::Hmac<sha2::Sha256> {
        self.0.mac("ticket", &[said, &proof.sealed()])
    }
}

/// What a ticket says.
#[derive(Debug, PartialEq)]
struct Said {
    for_use: TicketUse,
    kind: SecretKind,
    until: Millis,
    app: AppName,
    events: Option<Vec<Pattern>>,
}

impl Said {
    fn write(&self) -> Vec<u8> {
        let for_use = u8::from(self.for_use == TicketUse::Forward);
        let kind = u8::from(self.kind == SecretKind::SecretKey);
        let mut bytes = vec![FORM, for_use, kind];
        bytes.extend(self.until.0.to_be_bytes());
        put(&mut bytes, self.app.key());
        for pattern in self.events.iter().flatten() {
            put(&mut bytes, &pattern.to_string());
        }
        // No pattern is empty: it tells none from an empty list.
        if self.events.is_some() {
            put(&mut bytes, "");
        }
        bytes
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (&[FORM, for_use, kind], rest) = bytes.split_first_chunk()? else { return None };
        let (until, mut rest) = rest.split_first_chunk()?;
        let for_use = if for_use == 0 { TicketUse::Live } else { TicketUse::Forward };
        let kind = if kind == 0 { SecretKind::Token } else { SecretKind::SecretKey };
        let app = AppName::find(take(&mut rest)?)?;
        let mut events = None;
        while !rest.is_empty() {
            let list = events.get_or_insert_with(Vec::new);
            match take(&mut rest)? {
                "" if rest.is_empty() => break,
                text if rest.is_empty() || text.is_empty() => return None,
                text => list.push(Pattern::parse(text).ok()?),
            }
        }
        Some(Self { for_use, kind, until: Millis(i64::from_be_bytes(*until)), app, events })
    }
}

fn put(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend(u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes());
    bytes.extend_from_slice(text.as_bytes());
}

fn take<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let (length, behind) = rest.split_first_chunk()?;
    let (text, behind) = behind.split_at_checked(u16::from_be_bytes(*length).into())?;
    *rest = behind;
    std::str::from_utf8(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(events: Option<&[&str]>) -> Said {
        Said {
            for_use: TicketUse::Forward,
            kind: SecretKind::SecretKey,
            until: Millis(1_800_000_000_123),
            app: AppName::trusted("shop"),
            events: events.map(|texts| texts.iter().map(|text| Pattern::parse(text).unwrap()).collect()),
        }
    }

    #[test]
    fn what_a_ticket_says_is_read_again() {
        for events in [None, Some(&[][..]), Some(&["camera/*", "*/ärger"][..])] {
            let said = said(events);
            let bytes = said.write();
            assert_eq!(Said::read(&bytes).as_ref(), Some(&said));
            for length in 0..bytes.len() {
                assert_ne!(Said::read(&bytes[..length]).as_ref(), Some(&said), "{length}");
            }
            assert_eq!(Said::read(&[&bytes[..], b"x"].concat()), None);
        }
        assert_eq!(Said::read(&[9; 40]), None);
    }
}
