//! Finds out which process listens on a port, to see when an app is ready.

use crate::proc::{self, Listener};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

/// The owner of a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PortOwner {
    /// No process listens on the port.
    Nobody,
    /// A process of the run, and the address under which it is reached.
    App(SocketAddr),
    /// A process of the run, but not on a loopback address.
    Outside(SocketAddr),
    /// Another process, described for a message.
    Other(String),
}

/// Finds the process that listens on a port. `app` is the app's first process; `helper` is the ancestor of all
/// its processes.
pub(super) fn find_owner(port: u16, app: i32, helper: i32) -> PortOwner {
    let on_port: Vec<Listener> =
        proc::listeners().into_iter().filter(|listener| listener.address.port() == port).collect();
    if on_port.is_empty() {
        return PortOwner::Nobody;
    }
    let family = std::iter::once(app).chain(std::iter::once_with(|| proc::descendants(helper)).flatten());
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
            return PortOwner::App(address);
        }
    }
    let all: Vec<&Listener> = on_port.iter().collect();
    match (owned.first(), owner(&on_port), reachable(&all)) {
        (Some(listener), _, _) => PortOwner::Outside(listener.address),
        (None, Some(owner), _) => PortOwner::Other(owner),
        // The descriptors of a process of the run may not be read, and no other process has the socket.
        (None, None, Some(address)) if hidden => PortOwner::App(address),
        (None, None, _) => PortOwner::Other("another process".to_owned()),
    }
}

/// Every address that a process of the run listens on.
pub(super) fn listening_addresses(helper: i32) -> Vec<SocketAddr> {
    let (listeners, family) = (proc::listeners(), proc::descendants(helper));
    let ours =
        |listener: &Listener| family.iter().any(|pid| proc::holds(*pid, &[listener.inode]) == Some(true));
    let mut found: Vec<SocketAddr> =
        listeners.into_iter().filter(ours).map(|listener| listener.address).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// The loopback address that reaches one of these listeners; `None` if no loopback address does.
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

/// Returns true if a listener on `::` accepts IPv6 only. Then the port can still be bound for IPv4.
fn v6_only(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// Describes the process that has one of these sockets open, for a message.
fn owner(listeners: &[Listener]) -> Option<String> {
    let inodes: Vec<u64> = listeners.iter().map(|listener| listener.inode).collect();
    let mut all = proc::all().into_iter().map(|stat| stat.pid);
    let pid = all.find(|pid| proc::holds(*pid, &inodes) == Some(true))?;
    Some(proc::name(pid).map_or_else(|| format!("process {pid}"), |name| format!("process {pid} ({name})")))
}
