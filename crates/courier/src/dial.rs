//! From a target to an open socket: one resolution, every answer judged, only judged addresses dialled.

use std::net::SocketAddr;
use std::time::Duration;

use footbridge_model::address::{AddressClass, AddressClasses};
use footbridge_model::attempt::{Failure, FailureKind};
use tokio::time::{Instant, timeout_at};

use crate::class::Reason;
use crate::classify::{connect_failure, is_shortage, shortage};
use crate::dialer::{Dialed, Dialer};
use crate::policy::{Policy, Refusal, canonical, judge_name, reason_of};
use crate::resolve::Resolver;
use crate::stream::Stream;
use crate::target::Target;

/// Most addresses of one name that are tried.
const MAX_TRIED: usize = 8;

/// Least time given to an address while others wait behind it.
const MIN_SHARE: Duration = Duration::from_millis(100);

/// What decides where a connection may lead, and how it gets there.
#[derive(Clone, Copy)]
pub(crate) struct Network<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) resolver: &'a dyn Resolver,
    pub(crate) dialer: &'a dyn Dialer,
}

/// What is dialled, and for whom.
#[derive(Clone, Copy)]
pub(crate) struct Trip<'a> {
    pub(crate) target: &'a Target,
    pub(crate) granted: Option<AddressClasses>,
    pub(crate) app: &'a str,
    pub(crate) deadline: Instant,
}

/// Opens a connection to a target, or says why not. Every failure is one with nothing sent.
pub(crate) async fn dial(network: Network<'_>, trip: Trip<'_>) -> Result<Stream, Failure> {
    let addresses = judged(network, trip).await?;
    let mut failure = Failure::before(FailureKind::Dns, "no address to dial");
    let mut behind = addresses.len();
    for addr in addresses {
        match timeout_at(share(trip.deadline, behind), connect(network, addr, trip.granted)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(failed)) => failure = failed,
            Err(_) => {
                failure = Failure::before(FailureKind::Timeout, format!("no connection to {addr} in time"));
            }
        }
        behind -= 1;
    }
    Err(failure)
}

/// The addresses that may be dialled, in the resolver's order. Refused ones are dropped; none left is a refusal.
async fn judged(network: Network<'_>, trip: Trip<'_>) -> Result<Vec<SocketAddr>, Failure> {
    let (target, host) = (trip.target, trip.target.host());
    let is_here = |ip| network.dialer.is_here(ip);
    let judge = |addr| network.policy.judge_from_here(addr, trip.granted, &is_here);
    judge_name(host).map_err(|refusal| blocked(&refusal))?;
    if let Some(ip) = target.literal() {
        let addr = SocketAddr::new(ip, target.port());
        return match judge(addr) {
            Ok(()) => Ok(vec![canonical(addr)]),
            Err(refusal) => Err(blocked(&refusal)),
        };
    }
    let found = network.resolver.resolve(host, target.port(), trip.app).await;
    let found = found.map_err(|error| match error {
        error if is_shortage(&error) => shortage("look a name up", &error),
        error if error.kind() == std::io::ErrorKind::TimedOut => {
            Failure::before(FailureKind::Dns, format!("{host} does not resolve: {error}"))
        }
        _ => Failure::before(FailureKind::Dns, format!("{host} does not resolve")),
    })?;
    let mut open = Vec::with_capacity(found.len().min(MAX_TRIED));
    let mut refused = None;
    for mut addr in found {
        addr.set_port(target.port());
        match judge(addr) {
            Ok(()) => open.push(canonical(addr)),
            Err(refusal) => {
                refused.get_or_insert(refusal);
            }
        }
    }
    open.truncate(MAX_TRIED);
    match refused {
        _ if !open.is_empty() => Ok(open),
        Some(refusal) if trip.granted.is_some() && !refusal.class().is_final() => {
            Err(elsewhere(host, &refusal))
        }
        Some(refusal) => Err(blocked(&refusal)),
        None => Err(Failure::before(FailureKind::Dns, format!("{host} has no address"))),
    }
}

/// Dials one judged address and looks again at where the connection really went.
pub(crate) async fn connect(
    network: Network<'_>,
    addr: SocketAddr,
    granted: Option<AddressClasses>,
) -> Result<Stream, Failure> {
    let dialed = network.dialer.dial(addr).await;
    let Dialed { stream, local, peer } = dialed.map_err(|error| connect_failure(addr, &error))?;
    // The kernel turns 0.0.0.0 and :: into loopback: what counts is where it really went.
    if peer != addr {
        let is_here = |ip| network.dialer.is_here(ip);
        network.policy.judge_from_here(peer, granted, &is_here).map_err(|refusal| blocked(&refusal))?;
    }
    if network.policy.is_own(local, peer) {
        return Err(blocked(&Refusal::own_listener(peer.ip())));
    }
    Ok(stream)
}

/// A name that the operator wrote and that leads elsewhere by now.
fn elsewhere(host: &str, refusal: &Refusal) -> Failure {
    let why = format!(
        "{refusal}: {host} had no such address when its URL was saved; save the URL again if that is meant"
    );
    Failure::before(FailureKind::Blocked, why)
}

/// What the addresses of a name are now; nothing when it cannot be told.
pub(crate) async fn classes_of(network: Network<'_>, target: &Target, app: &str) -> AddressClasses {
    let found = network.resolver.resolve(target.host(), target.port(), app).await.unwrap_or_default();
    let is_here = |ip| network.dialer.is_here(ip);
    let class = |addr: SocketAddr| {
        reason_of(addr.ip().to_canonical(), &is_here).map_or(AddressClass::Public, Reason::class)
    };
    found.into_iter().map(class).collect()
}

/// The instant until which one address may try while `behind` (itself included) are left: a silent first address must
/// not eat the deadline of the others.
fn share(deadline: Instant, behind: usize) -> Instant {
    let now = Instant::now();
    let left = deadline.saturating_duration_since(now);
    let parts = u32::try_from(behind.max(1)).unwrap_or(u32::MAX);
    if parts == 1 { deadline } else { now + (left / parts).max(MIN_SHARE).min(left) }
}

fn blocked(refusal: &Refusal) -> Failure {
    Failure::before(FailureKind::Blocked, refusal.to_string())
}
