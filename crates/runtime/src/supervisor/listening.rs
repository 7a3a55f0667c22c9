//! Whether an app listens, and whether it is the app that does.

use crate::proc::{self, Listener};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

/// What is found on a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// Nobody listens there.
    Nobody,
    /// A process of the run does; this is where it is reached.
    App(SocketAddr),
    /// A process of the run does, but not on a loopback address.
    Outside(SocketAddr),
    /// Somebody else does.
    Other(String),
}

/// Looks who listens on a port. `app` is the app's first process, `helper` the ancestor of all of them.
pub(super) fn look(port: u16, app: i32, helper: i32) -> Found {
    let on_port: Vec<Listener> =
        proc::listeners().into_iter().filter(|listener| listener.address.port() == port).collect();
    if on_port.is_empty() {
        return Found::Nobody;
    }
    let family = std::iter::once(app).chain(std::iter::once_with(|| proc::family(helper)).flatten());
    let (mut owned, mut hidden) = (Vec::new(), false);
    for pid in family {
        for listener in &on_port {
            match proc::holds(pid, &[listener.inode]) {
                Some(true) => owned.push(listener),
                Some(false) => {}
                None => hidden = true,
            }
        }
        if let Some(address) = reachable(&owned) {
            return Found::App(address);
        }
    }
    let all: Vec<&Listener> = on_port.iter().collect();
    match (owned.first(), owner(&on_port), reachable(&all)) {
        (Some(listener), _, _) => Found::Outside(listener.address),
        (None, Some(owner), _) => Found::Other(owner),
        // A process of the run hides what it holds, and nobody else is found to hold it.
        (None, None, Some(address)) if hidden => Found::App(address),
        (None, None, _) => Found::Other("another process".to_owned()),
    }
}

/// Every address that processes of the run listen on.
pub(super) fn everywhere(helper: i32) -> Vec<SocketAddr> {
    let (listeners, family) = (proc::listeners(), proc::family(helper));
    let ours =
        |listener: &Listener| family.iter().any(|pid| proc::holds(*pid, &[listener.inode]) == Some(true));
    let mut found: Vec<SocketAddr> =
        listeners.into_iter().filter(ours).map(|listener| listener.address).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// The loopback address behind which these listen.
fn reachable(listeners: &[&Listener]) -> Option<SocketAddr> {
    let local = |address: &SocketAddr| address.ip().is_loopback() || address.ip().is_unspecified();
    let addresses: Vec<SocketAddr> =
        listeners.iter().map(|listener| listener.address).filter(local).collect();
    let best = addresses.iter().find(|address| address.is_ipv4()).or_else(|| addresses.first())?;
    let ip = match best.ip() {
        IpAddr::V4(ip) if ip.is_loopback() => IpAddr::V4(ip),
        IpAddr::V6(ip) if ip.is_loopback() => IpAddr::V6(ip),
        IpAddr::V6(_) if v6_only(best.port()) => Ipv6Addr::LOCALHOST.into(),
        _ => Ipv4Addr::LOCALHOST.into(),
    };
    Some(SocketAddr::new(ip, best.port()))
}

/// Whether a listener on `::` leaves IPv4 to others: then its port can still be had there.
fn v6_only(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// Who holds one of these sockets, for a message.
fn owner(listeners: &[Listener]) -> Option<String> {
    let inodes: Vec<u64> = listeners.iter().map(|listener| listener.inode).collect();
    let mut all = proc::all().into_iter().map(|stat| stat.pid);
    let pid = all.find(|pid| proc::holds(*pid, &inodes) == Some(true))?;
    Some(proc::name(pid).map_or_else(|| format!("process {pid}"), |name| format!("process {pid} ({name})")))
}
