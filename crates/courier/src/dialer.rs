//! Opens connections to addresses. The policy checks each address before it is dialled, and the peer afterwards.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::pin::Pin;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::stream::Stream;

/// A port for the route look-up. Nothing is sent to it.
const ANY_PORT: u16 = 9;

/// The future that [`Dialer::dial`] returns.
pub type Dialing<'a> = Pin<Box<dyn Future<Output = io::Result<Dialed>> + Send + 'a>>;

/// Opens connections. The caller has checked that the address may be dialled.
pub trait Dialer: Send + Sync {
    /// Connects to `addr`. Has no deadline; dropping the future ends the attempt.
    fn dial(&self, addr: SocketAddr) -> Dialing<'_>;

    /// Returns true if `ip` is an address of this machine.
    fn is_local(&self, _: IpAddr) -> bool {
        false
    }
}

/// An open connection and its two ends.
#[derive(Debug)]
pub struct Dialed {
    pub(crate) stream: Stream,
    pub(crate) local: SocketAddr,
    pub(crate) peer: SocketAddr,
}

impl Dialed {
    /// Wraps a TCP connection, and sets `TCP_NODELAY`.
    ///
    /// # Errors
    /// The error of the system if the connection has already ended.
    pub fn tcp(tcp: TcpStream) -> io::Result<Self> {
        tcp.set_nodelay(true)?;
        let (local, peer) = (tcp.local_addr()?, tcp.peer_addr()?);
        Ok(Self { stream: Stream::tcp(tcp), local, peer })
    }

    /// Wraps any other stream between `local` and `peer`.
    pub fn other<S>(stream: S, local: SocketAddr, peer: SocketAddr) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        Self { stream: Stream::other(stream), local, peer }
    }
}

/// Opens TCP connections through the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemDialer;

impl Dialer for SystemDialer {
    fn dial(&self, addr: SocketAddr) -> Dialing<'_> {
        Box::pin(async move { Dialed::tcp(TcpStream::connect(addr).await?) })
    }

    /// Asks the system for the route to `ip`, which sends nothing. A machine reaches an address of its own from that same
    /// address.
    fn is_local(&self, ip: IpAddr) -> bool {
        let any = match ip {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        let local = UdpSocket::bind((any, 0)).and_then(|socket| {
            socket.connect((ip, ANY_PORT))?;
            socket.local_addr()
        });
        local.is_ok_and(|local| local.ip() == ip)
    }
}
