//! Decides which addresses requests may be sent to. The address that is dialled counts. A name is checked only if the name
//! itself is dangerous, or to report an error early.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::allow::AllowRule;
use crate::class::{METADATA_NAMES, RefusalReason, classify, is_metadata};
use crate::target::{Target, is_localhost};
use footbridge_model::address::AddressClasses;

/// The address policy. It never changes, so idle connections stay valid under the policy they were opened with.
///
/// # Example
///
/// ```
/// use footbridge_courier::{Policy, Target};
///
/// let policy = Policy::new(vec!["127.0.0.1:3000".parse()?], Vec::new());
/// let allowed = Target::parse("http://127.0.0.1:3000/hook")?;
/// let refused = Target::parse("http://127.0.0.1:4000/hook")?;
/// assert!(policy.check_target(&allowed, None).is_ok());
/// assert_eq!(policy.check_target(&refused, None).unwrap_err().reason(), "loopback");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Policy {
    allow: Vec<AllowRule>,
    own: Vec<SocketAddr>,
}

/// The policy does not allow an address. The text names only the address and its class, so it is safe to show.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("destination refused: {reason} {subject}{}", self.hint())]
pub struct Refusal {
    reason: RefusalReason,
    subject: Subject,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Subject {
    Address(IpAddr),
    Name(String),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(ip) => write!(f, "address {ip}"),
            Self::Name(name) => write!(f, "name {name}"),
        }
    }
}

impl Refusal {
    /// The reason as a word: `loopback`, `private`, `metadata`, `own listener`, …
    pub fn reason(&self) -> &'static str {
        self.reason.as_str()
    }

    /// The reason for the refusal.
    pub fn class(&self) -> RefusalReason {
        self.reason
    }

    pub(crate) fn own_listener(ip: IpAddr) -> Self {
        Self { reason: RefusalReason::OwnListener, subject: Subject::Address(ip) }
    }

    fn hint(&self) -> &'static str {
        if self.reason.is_final() { "" } else { " (allow it with [egress] allow)" }
    }
}

impl Policy {
    /// Creates a policy with the operator's allow rules. `own` holds the addresses on which this server listens; an
    /// unspecified one (`0.0.0.0`, `[::]`) means every address of this machine.
    pub fn new(allow: Vec<AllowRule>, own: Vec<SocketAddr>) -> Self {
        Self { allow, own: own.into_iter().map(canonical).collect() }
    }

    /// Checks that an address may be dialled.
    ///
    /// Listeners of this server and metadata services are always refused. Other addresses are allowed if an allow rule
    /// covers them, if they are public, or if their class is in `granted` ([`Grant::opened_by`](crate::Grant::opened_by)).
    ///
    /// # Errors
    /// [`Refusal`] if the policy does not allow the address.
    pub fn check(&self, addr: SocketAddr, granted: Option<AddressClasses>) -> Result<(), Refusal> {
        self.check_with(addr, granted, &|_| false)
    }

    /// Says why an address that was checked may be dialled.
    pub(crate) fn why_allowed(&self, addr: SocketAddr, is_local: &dyn Fn(IpAddr) -> bool) -> String {
        let rule = self.allow.iter().any(|rule| rule.covers(canonical(addr)));
        match refusal_reason(addr.ip(), is_local) {
            None => "public".to_owned(),
            Some(reason) if rule => format!("{reason}, allowed by [egress] allow"),
            Some(reason) => format!("{reason}, allowed because the operator gave this URL to the app"),
        }
    }

    /// Like [`Policy::check`]; `is_local` returns true for the addresses of this machine.
    pub(crate) fn check_with(
        &self,
        addr: SocketAddr,
        granted: Option<AddressClasses>,
        is_local: &dyn Fn(IpAddr) -> bool,
    ) -> Result<(), Refusal> {
        let ip = addr.ip();
        let refuse = |reason| Err(Refusal { reason, subject: Subject::Address(ip) });
        if is_metadata(ip) {
            return refuse(RefusalReason::Metadata);
        }
        let addr = canonical(addr);
        if addr.port() == 0 {
            return refuse(RefusalReason::Port);
        }
        let listens_everywhere =
            |own: &SocketAddr| own.ip().is_unspecified() && own.port() == addr.port() && is_local(addr.ip());
        if self.own.iter().any(|own| listens_on(*own, addr) || listens_everywhere(own)) {
            return refuse(RefusalReason::OwnListener);
        }
        if self.allow.iter().any(|rule| rule.covers(addr)) {
            return Ok(());
        }
        match refusal_reason(addr.ip(), is_local) {
            Some(reason) if !granted.is_some_and(|granted| granted.contains(reason.class())) => {
                refuse(reason)
            }
            _ => Ok(()),
        }
    }

    /// Checks a URL without resolving its name, to report an error when the URL is saved. Refuses literal addresses,
    /// names of metadata services, and `localhost`. Any other name passes, and is checked when it is dialled.
    ///
    /// # Errors
    /// [`Refusal`] if the policy does not allow the target.
    pub fn check_target(&self, target: &Target, granted: Option<AddressClasses>) -> Result<(), Refusal> {
        check_name(target.host())?;
        if let Some(ip) = target.literal() {
            return self.check(SocketAddr::new(ip, target.port()), granted);
        }
        if !is_localhost(target.host()) {
            return Ok(());
        }
        let v4 = self.check((Ipv4Addr::LOCALHOST, target.port()).into(), granted);
        let v6 = self.check((Ipv6Addr::LOCALHOST, target.port()).into(), granted);
        v4.or_else(|refusal| v6.map_err(|_| refusal))
    }

    /// Returns true if a connection between these ends leads to a listener of this server, through an address of this
    /// machine that was not known.
    pub(crate) fn is_own_listener(&self, local: SocketAddr, peer: SocketAddr) -> bool {
        let (local, peer) = (canonical(local), canonical(peer));
        local.ip() == peer.ip()
            && self
                .own
                .iter()
                .any(|own| own.port() == peer.port() && (own.ip().is_unspecified() || own.ip() == peer.ip()))
    }
}

/// Refuses names of metadata services, whatever they resolve to.
pub(crate) fn check_name(host: &str) -> Result<(), Refusal> {
    if METADATA_NAMES.contains(&host) {
        return Err(Refusal { reason: RefusalReason::Metadata, subject: Subject::Name(host.to_owned()) });
    }
    Ok(())
}

/// The reason why an address is not public; `None` if it is public.
pub(crate) fn refusal_reason(ip: IpAddr, is_local: &dyn Fn(IpAddr) -> bool) -> Option<RefusalReason> {
    classify(ip).or_else(|| is_local(ip).then_some(RefusalReason::OwnAddress))
}

/// The address as it is dialled: an IPv4 address inside an IPv6 address is unwrapped.
pub(crate) fn canonical(addr: SocketAddr) -> SocketAddr {
    match addr.ip().to_canonical() {
        ip @ IpAddr::V4(_) => SocketAddr::new(ip, addr.port()),
        IpAddr::V6(_) => addr,
    }
}

fn listens_on(own: SocketAddr, addr: SocketAddr) -> bool {
    let is_this_machine = |ip: IpAddr| ip.is_loopback() || ip.is_unspecified();
    own.port() == addr.port()
        && (own.ip() == addr.ip()
            || own.ip().is_unspecified() && is_this_machine(addr.ip())
            // Linux connects 0.0.0.0 and :: to loopback.
            || addr.ip().is_unspecified() && is_this_machine(own.ip()))
}
