//! One listener, accepted in one place: a port in use is noticed, and connections are dealt evenly.

use super::shard::ShardHandle;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Connections that wait to be accepted.
const BACKLOG: i32 = 1024;
/// The pause after a failed accept, which is nearly always a lack of file descriptors.
const PAUSE: Duration = Duration::from_millis(50);
/// What a connection over the limit is told.
const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// A bound listener that does not accept yet.
#[derive(Debug)]
pub struct Listener(StdListener);

/// Binds `address`.
///
/// # Errors
/// What the system says, `AddrInUse` among it.
pub fn bind(address: SocketAddr) -> io::Result<Listener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(Listener(socket.into()))
}

impl Listener {
    /// Where it listens.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// Accepts until `drain` turns true, with at most `most` connections open.
    ///
    /// # Errors
    /// When the listener cannot be watched at all.
    pub async fn accept(
        self,
        shards: Vec<ShardHandle>,
        most: usize,
        mut drain: watch::Receiver<bool>,
    ) -> io::Result<()> {
        let listener = TcpListener::from_std(self.0)?;
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = drain.wait_for(|draining| *draining) => return Ok(()),
            };
            match accepted {
                Ok((stream, peer)) => deal(&shards, most, stream, peer),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

/// Gives a connection to the shard with the fewest.
fn deal(shards: &[ShardHandle], most: usize, stream: TcpStream, peer: SocketAddr) {
    let open: usize = shards.iter().map(ShardHandle::open).sum();
    let Some(shard) = shards.iter().min_by_key(|shard| shard.open()) else { return };
    if open >= most {
        tokio::spawn(refuse(stream));
        return;
    }
    // Answers are small and whole: waiting to fill a segment would only delay them.
    let given = stream.set_nodelay(true).and_then(|()| stream.into_std());
    match given {
        Ok(stream) => shard.give(stream, peer),
        Err(error) => tracing::debug!(%error, "a connection ended before it was served"),
    }
}

async fn refuse(mut stream: TcpStream) {
    let _ = tokio::time::timeout(Duration::from_secs(1), stream.write_all(FULL)).await;
}
