//! From a target to an open socket: one resolution, every answer judged, only judged addresses dialled.

use std::net::SocketAddr;
use std::time::Duration;

use footbridge_model::attempt::{Failure, FailureKind};
use tokio::time::{Instant, timeout_at};

use crate::dialer::{Dialed, Dialer};
use crate::policy::{Policy, Refusal, canonical, judge_name};
use crate::resolve::Resolver;
use crate::stream::Stream;
use crate::target::Target;

/// Most addresses of one name that are tried.
const MAX_TRIED: usize = 8;

/// Least time given to an address while others wait behind it.
const MIN_SHARE: Duration = Duration::from_millis(100);

/// Opens a connection to `target`, or says why not. Every failure is one with nothing sent.
pub(crate) async fn dial(
    policy: &Policy,
    (resolver, dialer): (&dyn Resolver, &dyn Dialer),
    target: &Target,
    granted: bool,
    deadline: Instant,
) -> Result<Stream, Failure> {
    let addresses = judged(policy, resolver, target, granted).await?;
    let mut failure = Failure::before(FailureKind::Dns, "no address to dial");
    let mut behind = addresses.len();
    for addr in addresses {
        match timeout_at(share(deadline, behind), connect(policy, dialer, addr, granted)).await {
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
async fn judged(
    policy: &Policy,
    resolver: &dyn Resolver,
    target: &Target,
    granted: bool,
) -> Result<Vec<SocketAddr>, Failure> {
    judge_name(target.host()).map_err(|refusal| blocked(&refusal))?;
    if let Some(ip) = target.literal() {
        let addr = SocketAddr::new(ip, target.port());
        return match policy.judge(addr, granted) {
            Ok(()) => Ok(vec![canonical(addr)]),
            Err(refusal) => Err(blocked(&refusal)),
        };
    }
    let found = resolver
        .resolve(target.host(), target.port())
        .await
        .map_err(|_| Failure::before(FailureKind::Dns, format!("{} does not resolve", target.host())))?;
    let mut open = Vec::with_capacity(found.len().min(MAX_TRIED));
    let mut refused = None;
    for mut addr in found {
        addr.set_port(target.port());
        match policy.judge(addr, granted) {
            Ok(()) => open.push(canonical(addr)),
            Err(refusal) => {
                refused.get_or_insert(refusal);
            }
        }
    }
    open.truncate(MAX_TRIED);
    match refused {
        _ if !open.is_empty() => Ok(open),
        Some(refusal) => Err(blocked(&refusal)),
        None => Err(Failure::before(FailureKind::Dns, format!("{} has no address", target.host()))),
    }
}

/// Dials one judged address and looks again at where the connection really went.
pub(crate) async fn connect(
    policy: &Policy,
    dialer: &dyn Dialer,
    addr: SocketAddr,
    granted: bool,
) -> Result<Stream, Failure> {
    let dialed = dialer.dial(addr).await;
    let Dialed { stream, local, peer } =
        dialed.map_err(|error| crate::classify::connect_failure(addr, &error))?;
    // The kernel turns 0.0.0.0 and :: into loopback: what counts is where it really went.
    if peer != addr {
        policy.judge(peer, granted).map_err(|refusal| blocked(&refusal))?;
    }
    if policy.is_own(local, peer) {
        return Err(blocked(&Refusal::own_listener(peer.ip())));
    }
    Ok(stream)
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
