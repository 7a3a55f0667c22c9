//! Opens a connection to a target: resolves its name once, checks every address, and dials only allowed addresses.

use std::net::SocketAddr;
use std::time::Duration;

use footbridge_model::address::{AddressClass, AddressClasses};
use footbridge_model::attempt::{Failure, FailureKind};
use tokio::time::{Instant, timeout_at};

use crate::class::RefusalReason;
use crate::dialer::{Dialed, Dialer};
use crate::failures::{connect_failure, is_shortage, shortage};
use crate::policy::{Policy, Refusal, canonical, check_name, refusal_reason};
use crate::resolve::Resolver;
use crate::stream::Stream;
use crate::target::Target;

/// The most addresses of one name that are dialled.
const MAX_ADDRESSES: usize = 8;

/// The least time for one address while others remain.
const MIN_TIME_PER_ADDRESS: Duration = Duration::from_millis(100);

/// The policy, and how names are resolved and addresses dialled.
#[derive(Clone, Copy)]
pub(crate) struct Network<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) resolver: &'a dyn Resolver,
    pub(crate) dialer: &'a dyn Dialer,
}

/// A request for a connection.
#[derive(Clone, Copy)]
pub(crate) struct DialRequest<'a> {
    pub(crate) target: &'a Target,
    /// The address classes that a grant opens for the target; see [`Policy::check`].
    pub(crate) granted: Option<AddressClasses>,
    /// The app that the connection is for.
    pub(crate) app: &'a str,
    pub(crate) deadline: Instant,
}

/// Opens a connection to a target.
///
/// # Errors
/// The failure of the last address that was dialled. Nothing was sent in any case.
pub(crate) async fn dial(network: Network<'_>, request: DialRequest<'_>) -> Result<Stream, Failure> {
    let addresses = allowed_addresses(network, request).await?;
    dial_any(network, request, addresses).await.map(|(stream, _)| stream)
}

/// Opens a connection to the first of these addresses that accepts one, and returns that address.
///
/// # Errors
/// The failure of the last address.
pub(crate) async fn dial_any(
    network: Network<'_>,
    request: DialRequest<'_>,
    addresses: Vec<SocketAddr>,
) -> Result<(Stream, SocketAddr), Failure> {
    let mut failure = Failure::before(FailureKind::Dns, "no address to dial");
    let mut remaining = addresses.len();
    for addr in addresses {
        let until = dial_until(request.deadline, remaining);
        match timeout_at(until, connect(network, addr, request.granted)).await {
            Ok(Ok(stream)) => return Ok((stream, addr)),
            Ok(Err(failed)) => failure = failed,
            Err(_) => {
                failure = Failure::before(FailureKind::Timeout, format!("no connection to {addr} in time"));
            }
        }
        remaining -= 1;
    }
    Err(failure)
}

/// The addresses of a target that may be dialled, in the order of the resolver.
///
/// # Errors
/// The refusal, if the policy allows none of them.
pub(crate) async fn allowed_addresses(
    network: Network<'_>,
    request: DialRequest<'_>,
) -> Result<Vec<SocketAddr>, Failure> {
    let (target, host) = (request.target, request.target.host());
    let is_local = |ip| network.dialer.is_local(ip);
    let check = |addr| network.policy.check_with(addr, request.granted, &is_local);
    check_name(host).map_err(|refusal| blocked(&refusal))?;
    if let Some(ip) = target.literal() {
        let addr = SocketAddr::new(ip, target.port());
        return match check(addr) {
            Ok(()) => Ok(vec![canonical(addr)]),
            Err(refusal) => Err(blocked(&refusal)),
        };
    }
    let found = network.resolver.resolve(host, target.port(), request.app).await;
    let found = found.map_err(|error| match error {
        error if is_shortage(&error) => shortage("look a name up", &error),
        error if error.kind() == std::io::ErrorKind::TimedOut => {
            Failure::before(FailureKind::Dns, format!("{host} does not resolve: {error}"))
        }
        _ => Failure::before(FailureKind::Dns, format!("{host} does not resolve")),
    })?;
    let mut allowed = Vec::with_capacity(found.len().min(MAX_ADDRESSES));
    let mut refused = None;
    for mut addr in found {
        addr.set_port(target.port());
        match check(addr) {
            Ok(()) => allowed.push(canonical(addr)),
            Err(refusal) => {
                refused.get_or_insert(refusal);
            }
        }
    }
    allowed.truncate(MAX_ADDRESSES);
    match refused {
        _ if !allowed.is_empty() => Ok(allowed),
        Some(refusal) if request.granted.is_some() && !refusal.class().is_final() => {
            Err(name_has_moved(host, &refusal))
        }
        Some(refusal) => Err(blocked(&refusal)),
        None => Err(Failure::before(FailureKind::Dns, format!("{host} has no address"))),
    }
}

/// Dials one allowed address, and checks the peer of the connection again.
pub(crate) async fn connect(
    network: Network<'_>,
    addr: SocketAddr,
    granted: Option<AddressClasses>,
) -> Result<Stream, Failure> {
    let dialed = network.dialer.dial(addr).await;
    let Dialed { stream, local, peer } = dialed.map_err(|error| connect_failure(addr, &error))?;
    // The kernel connects 0.0.0.0 and :: to loopback; the address of the peer counts.
    if peer != addr {
        let is_local = |ip| network.dialer.is_local(ip);
        network.policy.check_with(peer, granted, &is_local).map_err(|refusal| blocked(&refusal))?;
    }
    if network.policy.is_own_listener(local, peer) {
        return Err(blocked(&Refusal::own_listener(peer.ip())));
    }
    Ok(stream)
}

/// The failure for a name of the operator that now resolves to addresses of another class.
fn name_has_moved(host: &str, refusal: &Refusal) -> Failure {
    let why = format!(
        "{refusal}: {host} had no such address when its URL was saved; save the URL again if this is intended"
    );
    Failure::before(FailureKind::Blocked, why)
}

/// The classes of the addresses of a target's name; none if it does not resolve.
pub(crate) async fn address_classes(network: Network<'_>, target: &Target, app: &str) -> AddressClasses {
    let found = network.resolver.resolve(target.host(), target.port(), app).await.unwrap_or_default();
    let is_local = |ip| network.dialer.is_local(ip);
    let class = |addr: SocketAddr| {
        refusal_reason(addr.ip().to_canonical(), &is_local).map_or(AddressClass::Public, RefusalReason::class)
    };
    found.into_iter().map(class).collect()
}

/// Divides the time until the deadline among the remaining addresses, including this one, so that a silent first address
/// leaves time for the others.
fn dial_until(deadline: Instant, remaining: usize) -> Instant {
    let now = Instant::now();
    let left = deadline.saturating_duration_since(now);
    let parts = u32::try_from(remaining.max(1)).unwrap_or(u32::MAX);
    if parts == 1 { deadline } else { now + (left / parts).max(MIN_TIME_PER_ADDRESS).min(left) }
}

fn blocked(refusal: &Refusal) -> Failure {
    Failure::before(FailureKind::Blocked, refusal.to_string())
}
