//! Tickets: short-lived credentials for a page, to watch an app's events or to forward custom events as the app.
//!
//! A ticket carries its claims and a signature, so the server stores nothing and a ticket survives a restart. The signature
//! also covers the app's generation, its revocation epoch and the secret that the ticket was requested with: a ticket ends
//! with its app and when that secret is rotated.

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

/// Prefix of tickets, so that secret scanners recognise a leaked one.
const PREFIX: &str = "tkt_";
/// The longest lifetime of a ticket.
pub const TICKET_TTL_MAX: Duration = Duration::from_mins(10);
/// The most bytes that the patterns of one ticket take together: a ticket must fit into a URL.
pub const TICKET_PATTERN_BYTES_MAX: usize = 1024;
/// Bytes of the signature that a ticket carries: 128 bits of HMAC-SHA-256.
const SIGNATURE: usize = 16;
/// Version of the claims' encoding.
const VERSION: u8 = 1;

/// The purpose of a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketUse {
    /// To watch the app's events.
    Live,
    /// To forward custom events as the app.
    Forward,
}

impl TicketUse {
    /// The word that requests use for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Forward => "forward",
        }
    }
}

/// A ticket to issue.
#[derive(Debug, Clone)]
pub struct TicketSpec {
    /// The purpose of the ticket.
    pub for_use: TicketUse,
    /// Limits the ticket to events that one of these patterns matches; `None` for all events. Together at most
    /// [`TICKET_PATTERN_BYTES_MAX`] bytes.
    pub events: Option<Vec<Pattern>>,
    /// The lifetime, at most [`TICKET_TTL_MAX`].
    pub ttl: Duration,
}

/// A ticket that was checked and is valid.
#[derive(Debug, Clone)]
pub struct Ticket {
    /// The app that the ticket was issued for.
    pub entry: Arc<AppEntry>,
    /// Proof of the app. It stays valid after the ticket expires, until the app ends or the secret is rotated.
    pub proof: AppProof,
    events: Option<Arc<[Pattern]>>,
}

impl Ticket {
    /// Returns true if the ticket allows this event.
    pub fn covers(&self, publisher: &AppName, name: &EventName) -> bool {
        self.events.as_ref().is_none_or(|events| events.iter().any(|one| one.matches(publisher, name)))
    }

    /// Returns true if the ticket allows a custom event of this type. The type of an exchange need not be an event name.
    pub fn covers_type(&self, publisher: &AppName, event_type: &str) -> bool {
        let matches = |one: &Pattern| one.matches_text(publisher, event_type);
        self.events.as_ref().is_none_or(|events| events.iter().any(matches))
    }
}

/// Why a ticket is not valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    /// The signature is wrong.
    #[error(
        "the ticket is not valid: this server did not issue it, or its app was removed, disabled or given another secret since; ask the app's back end for a new one"
    )]
    Wrong,
    /// The ticket has expired.
    #[error(
        "the ticket expired at {0}; ask the app's back end for a new one (`ttl` sets the lifetime, at most 10m)"
    )]
    Expired(Millis),
    /// The ticket is for another purpose.
    #[error("the ticket is for `{}`; request one with `\"use\": \"{}\"`", .0.as_str(), .1.as_str())]
    OtherUse(TicketUse, TicketUse),
}

/// Issues and checks tickets.
#[derive(Debug)]
pub(crate) struct Tickets(ProofKey);

impl Tickets {
    pub(crate) const fn new(key: ProofKey) -> Self {
        Self(key)
    }

    pub(crate) fn issue(&self, caller: &Caller, spec: &TicketSpec, now: Millis) -> (Secret, Millis) {
        let until = now.plus(spec.ttl.min(TICKET_TTL_MAX));
        let proof = caller.entry.proof_by(Some(caller.kind));
        let claims = TicketClaims {
            for_use: spec.for_use,
            kind: caller.kind,
            until,
            app: caller.entry.app.name.clone(),
            events: spec.events.clone(),
        };
        let mut bytes = claims.encode();
        let signature = self.mac(&bytes, &proof).finalize().into_bytes();
        bytes.extend(signature.iter().take(SIGNATURE));
        (Secret::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))), until)
    }

    pub(crate) fn check(
        &self,
        registry: &AppRegistry,
        ticket: &[u8],
        for_use: TicketUse,
        now: Millis,
    ) -> Result<Ticket, TicketError> {
        let text = ticket.strip_prefix(PREFIX.as_bytes()).ok_or(TicketError::Wrong)?;
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| TicketError::Wrong)?;
        let length = bytes.len().checked_sub(SIGNATURE).ok_or(TicketError::Wrong)?;
        let (claim_bytes, signature) = bytes.split_at_checked(length).ok_or(TicketError::Wrong)?;
        let claims = TicketClaims::decode(claim_bytes).ok_or(TicketError::Wrong)?;
        let entry = registry.app(&claims.app).map_err(|_| TicketError::Wrong)?;
        let proof = entry.proof_by(Some(claims.kind));
        // Compares in constant time.
        let valid = self.mac(claim_bytes, &proof).verify_truncated_left(signature).is_ok();
        if !valid || !entry.app.enabled {
            return Err(TicketError::Wrong);
        }
        if claims.for_use != for_use {
            return Err(TicketError::OtherUse(claims.for_use, for_use));
        }
        if now >= claims.until {
            return Err(TicketError::Expired(claims.until));
        }
        Ok(Ticket { entry, proof, events: claims.events.map(Arc::from) })
    }

    fn mac(&self, claims: &[u8], proof: &AppProof) -> hmac::Hmac<sha2::Sha256> {
        self.0.mac("ticket", &[claims, &proof.sealed()])
    }
}

/// The claims that a ticket carries.
#[derive(Debug, PartialEq)]
struct TicketClaims {
    for_use: TicketUse,
    kind: SecretKind,
    until: Millis,
    app: AppName,
    events: Option<Vec<Pattern>>,
}

impl TicketClaims {
    fn encode(&self) -> Vec<u8> {
        let for_use = u8::from(self.for_use == TicketUse::Forward);
        let kind = u8::from(self.kind == SecretKind::SecretKey);
        let mut bytes = vec![VERSION, for_use, kind];
        bytes.extend(self.until.0.to_be_bytes());
        put(&mut bytes, self.app.key());
        for pattern in self.events.iter().flatten() {
            put(&mut bytes, &pattern.to_string());
        }
        // No pattern is empty, so an empty text marks the end of a list, and an empty list differs from none.
        if self.events.is_some() {
            put(&mut bytes, "");
        }
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (&[VERSION, for_use, kind], rest) = bytes.split_first_chunk()? else { return None };
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

    fn claims(events: Option<&[&str]>) -> TicketClaims {
        TicketClaims {
            for_use: TicketUse::Forward,
            kind: SecretKind::SecretKey,
            until: Millis(1_800_000_000_123),
            app: AppName::trusted("shop"),
            events: events.map(|texts| texts.iter().map(|text| Pattern::parse(text).unwrap()).collect()),
        }
    }

    #[test]
    fn claims_are_decoded_as_they_were_encoded() {
        for events in [None, Some(&[][..]), Some(&["camera/*", "*/ärger"][..])] {
            let claims = claims(events);
            let bytes = claims.encode();
            assert_eq!(TicketClaims::decode(&bytes).as_ref(), Some(&claims));
            for length in 0..bytes.len() {
                assert_ne!(TicketClaims::decode(&bytes[..length]).as_ref(), Some(&claims), "{length}");
            }
            assert_eq!(TicketClaims::decode(&[&bytes[..], b"x"].concat()), None);
        }
        assert_eq!(TicketClaims::decode(&[9; 40]), None);
    }
}
