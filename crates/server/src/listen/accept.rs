//! The listeners, accepted in one place: a port in use is noticed, and connections are dealt evenly.

use super::places::{Place, Places};
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

/// Connections that wait to be accepted.
const BACKLOG: i32 = 1024;
/// The pause after a failed accept, which is nearly always a lack of file descriptors.
const PAUSE: Duration = Duration::from_millis(50);
/// Failed accepts of which one is told: a lack of descriptors lasts, and the log must not.
const TOLD: u32 = 200;
/// How long a connection waits for a place that others are about to leave.
const ROOM: Duration = Duration::from_millis(5);
/// How often it looks.
const LOOKS: u32 = 10;
/// What a connection over the limit is told.
pub(super) const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// A bound listener that does not accept yet.
#[derive(Debug)]
pub struct Listener {
    own: StdListener,
    beside: Option<StdListener>,
    /// The other loopback address, which could not be had as well.
    taken: Option<SocketAddr>,
}

/// Binds `address`, and the other loopback address with it: `localhost` may mean either, and whoever held the
/// other could pass for this server.
///
/// # Errors
/// What the system says, `AddrInUse` among it.
pub fn bind(address: SocketAddr) -> io::Result<Listener> {
    let own = open(address)?;
    let port = own.local_addr()?.port();
    let other = other_loopback(address.ip()).map(|ip| SocketAddr::new(ip, port));
    let (beside, taken) = match other.map(|other| (other, open(other))) {
        Some((_, Ok(beside))) => (Some(beside), None),
        Some((other, Err(error))) if error.kind() == io::ErrorKind::AddrInUse => (None, Some(other)),
        // A machine without the other protocol has no such address for anybody.
        _ => (None, None),
    };
    Ok(Listener { own, beside, taken })
}

fn open(address: SocketAddr) -> io::Result<StdListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

const fn other_loopback(ip: IpAddr) -> Option<IpAddr> {
    match ip {
        IpAddr::V4(Ipv4Addr::LOCALHOST | Ipv4Addr::UNSPECIFIED) => Some(IpAddr::V6(Ipv6Addr::LOCALHOST)),
        IpAddr::V6(Ipv6Addr::LOCALHOST) => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        _ => None,
    }
}

impl Listener {
    /// Where it listens.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.own.local_addr()
    }

    /// Every address that it listens on.
    ///
    /// # Errors
    /// What the system says.
    pub fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        [Some(&self.own), self.beside.as_ref()].into_iter().flatten().map(StdListener::local_addr).collect()
    }

    /// What an operator should know of it.
    pub fn warning(&self) -> Option<String> {
        let taken = self.taken?;
        Some(format!(
            "another program listens on {taken}: whoever asks for localhost may reach that one instead of this server"
        ))
    }

    /// Accepts until `drain` turns true, as long as there are `places`.
    ///
    /// # Errors
    /// When the listener cannot be watched at all.
    pub async fn accept(
        self,
        shards: Vec<ShardHandle>,
        places: Arc<Places>,
        mut drain: watch::Receiver<bool>,
    ) -> io::Result<()> {
        let own = TcpListener::from_std(self.own)?;
        let beside = self.beside.map(TcpListener::from_std).transpose()?;
        let mut failed = 0_u32;
        loop {
            let accepted = tokio::select! {
                accepted = poll_fn(|cx| accept_either(&own, beside.as_ref(), cx)) => accepted,
                _ = drain.wait_for(|draining| *draining) => return Ok(()),
            };
            match accepted {
                Ok((stream, peer)) => {
                    failed = 0;
                    match place(&places, peer).await {
                        Some(place) => deal(&shards, stream, peer, place),
                        None => drop(tokio::spawn(refuse(stream))),
                    }
                }
                Err(error) => {
                    if failed.is_multiple_of(TOLD) {
                        tracing::warn!(%error, "connections cannot be accepted; the server keeps trying");
                    }
                    failed = failed.wrapping_add(1);
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

fn accept_either(
    own: &TcpListener,
    beside: Option<&TcpListener>,
    cx: &mut Context<'_>,
) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
    match own.poll_accept(cx) {
        Poll::Pending => beside.map_or(Poll::Pending, |beside| beside.poll_accept(cx)),
        ready @ Poll::Ready(_) => ready,
    }
}

/// A place, perhaps one that an idle connection is just leaving.
async fn place(places: &Arc<Places>, peer: SocketAddr) -> Option<Place> {
    for _ in 0..LOOKS {
        if let Some(place) = places.enter(peer.ip()) {
            return Some(place);
        }
        tokio::time::sleep(ROOM).await;
    }
    None
}

/// Gives a connection to the shard with the fewest.
fn deal(shards: &[ShardHandle], stream: TcpStream, peer: SocketAddr, place: Place) {
    let Some(shard) = shards.iter().min_by_key(|shard| shard.open()) else { return };
    // Answers are small and whole: waiting to fill a segment would only delay them.
    let given = stream.set_nodelay(true).and_then(|()| stream.into_std());
    match given {
        Ok(stream) => shard.give(stream, peer, place),
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
    fn both_loopback_addresses_are_held() {
        let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let port = listener.local_addr().unwrap().port();
        let other = SocketAddr::new(Ipv6Addr::LOCALHOST.into(), port);
        if StdListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
            return; // This machine speaks no IPv6: nobody can hold it.
        }
        assert!(StdListener::bind(other).is_err(), "another program may pose as localhost");
        assert_eq!(listener.addresses().unwrap().len(), 2);
        let second = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        assert_eq!(second.warning(), None);
    }

    #[test]
    fn one_that_is_taken_is_told() {
        let Ok(posing) = StdListener::bind((Ipv6Addr::LOCALHOST, 0)) else { return };
        let address = posing.local_addr().unwrap();
        let listener = bind(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port())).unwrap();
        assert!(listener.warning().unwrap().contains(&address.to_string()));
    }
}
