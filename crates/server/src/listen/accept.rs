//! Accepts connections in one place, so that a port in use is noticed and connections are spread evenly over the shards.

use super::connection_slots::{ConnectionSlot, ConnectionSlots, FULL};
use super::shard::ShardHandle;
use socket2::{Domain, Protocol, Socket, Type};
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The most connections that wait to be accepted.
const BACKLOG: i32 = 1024;
/// The pause after a failed accept. The cause is nearly always a lack of file descriptors.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);
/// One in this many failed accepts is logged.
const LOG_EVERY: u32 = 200;
/// The pause before another try to get a connection slot.
const SLOT_RETRY: Duration = Duration::from_millis(5);
/// Tries to get a connection slot.
const SLOT_TRIES: u32 = 10;

/// A bound listener that does not accept yet.
#[derive(Debug)]
pub struct Listener {
    main: StdListener,
    other_loopback: Option<StdListener>,
    /// The other loopback address, if another program listens on it.
    taken: Option<SocketAddr>,
}

/// Binds `address` and, for a loopback address, the other one too: `localhost` may mean either, and a program on the other
/// could impersonate this server.
///
/// # Errors
/// The error of the system, such as `AddrInUse`.
pub fn bind(address: SocketAddr) -> io::Result<Listener> {
    let main = open(address)?;
    let port = main.local_addr()?.port();
    let other = other_loopback_ip(address.ip()).map(|ip| SocketAddr::new(ip, port));
    let (other_loopback, taken) = match other.map(|other| (other, open(other))) {
        Some((_, Ok(listener))) => (Some(listener), None),
        Some((other, Err(error))) if error.kind() == io::ErrorKind::AddrInUse => (None, Some(other)),
        // A machine without the other protocol has no such address.
        _ => (None, None),
    };
    Ok(Listener { main, other_loopback, taken })
}

fn open(address: SocketAddr) -> io::Result<StdListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

const fn other_loopback_ip(ip: IpAddr) -> Option<IpAddr> {
    match ip {
        IpAddr::V4(Ipv4Addr::LOCALHOST | Ipv4Addr::UNSPECIFIED) => Some(IpAddr::V6(Ipv6Addr::LOCALHOST)),
        IpAddr::V6(Ipv6Addr::LOCALHOST) => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        _ => None,
    }
}

impl Listener {
    /// Returns the address that was asked for, with its port.
    ///
    /// # Errors
    /// The error of the system.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.main.local_addr()
    }

    /// Returns every address that the server listens on.
    ///
    /// # Errors
    /// The error of the system.
    pub fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        [Some(&self.main), self.other_loopback.as_ref()]
            .into_iter()
            .flatten()
            .map(StdListener::local_addr)
            .collect()
    }

    /// Returns a warning for the operator if another program listens on the other loopback address.
    pub fn warning(&self) -> Option<String> {
        let taken = self.taken?;
        Some(format!(
            "another program listens on {taken}: clients that connect to localhost may reach it instead of this server"
        ))
    }

    /// Accepts connections until `drain` turns true. A connection without a slot is answered 503.
    ///
    /// # Errors
    /// The listener cannot be registered with the runtime.
    pub async fn accept(
        self,
        shards: Vec<ShardHandle>,
        slots: Arc<ConnectionSlots>,
        mut drain: watch::Receiver<bool>,
    ) -> io::Result<()> {
        let main = TcpListener::from_std(self.main)?;
        let other = self.other_loopback.map(TcpListener::from_std).transpose()?;
        let mut failed = 0_u32;
        loop {
            let accepted = tokio::select! {
                accepted = poll_fn(|cx| accept_either(&main, other.as_ref(), cx)) => accepted,
                _ = drain.wait_for(|draining| *draining) => return Ok(()),
            };
            match accepted {
                Ok((stream, peer)) => {
                    failed = 0;
                    match take_slot(&slots, peer).await {
                        Some(slot) => assign(&shards, stream, peer, slot),
                        None => drop(tokio::spawn(refuse(stream))),
                    }
                }
                Err(error) => {
                    if failed.is_multiple_of(LOG_EVERY) {
                        tracing::warn!(%error, "connections cannot be accepted; the server retries");
                    }
                    failed = failed.wrapping_add(1);
                    tokio::time::sleep(ACCEPT_RETRY).await;
                }
            }
        }
    }
}

fn accept_either(
    main: &TcpListener,
    other: Option<&TcpListener>,
    cx: &mut Context<'_>,
) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
    match main.poll_accept(cx) {
        Poll::Pending => other.map_or(Poll::Pending, |other| other.poll_accept(cx)),
        ready @ Poll::Ready(_) => ready,
    }
}

/// Takes a slot, waiting shortly for one that an idle connection is about to free.
async fn take_slot(slots: &Arc<ConnectionSlots>, peer: SocketAddr) -> Option<ConnectionSlot> {
    for _ in 0..SLOT_TRIES {
        if let Some(slot) = slots.take(peer.ip()) {
            return Some(slot);
        }
        tokio::time::sleep(SLOT_RETRY).await;
    }
    None
}

/// Assigns a connection to the shard with the fewest connections.
fn assign(shards: &[ShardHandle], stream: TcpStream, peer: SocketAddr, slot: ConnectionSlot) {
    let Some(shard) = shards.iter().min_by_key(|shard| shard.open()) else { return };
    // Answers are small and complete: waiting to fill a segment would only delay them.
    let stream = stream.set_nodelay(true).and_then(|()| stream.into_std());
    match stream {
        Ok(stream) => shard.assign(stream, peer, slot),
        Err(error) => tracing::debug!(%error, "a connection ended before it was served"),
    }
}

async fn refuse(mut stream: TcpStream) {
    let _ = tokio::time::timeout(Duration::from_secs(1), stream.write_all(FULL)).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_loopback_addresses_are_bound() {
        let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let port = listener.local_addr().unwrap().port();
        let other = SocketAddr::new(Ipv6Addr::LOCALHOST.into(), port);
        if StdListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
            return; // This machine has no IPv6, so no program can use the address.
        }
        assert!(StdListener::bind(other).is_err(), "another program could impersonate this server");
        assert_eq!(listener.addresses().unwrap().len(), 2);
        let second = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        assert_eq!(second.warning(), None);
    }

    #[test]
    fn a_taken_loopback_address_is_a_warning() {
        let Ok(other) = StdListener::bind((Ipv6Addr::LOCALHOST, 0)) else { return };
        let address = other.local_addr().unwrap();
        let listener = bind(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port())).unwrap();
        assert!(listener.warning().unwrap().contains(&address.to_string()));
    }
}
