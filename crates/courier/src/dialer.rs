//! Addresses to connections. What is dialled was judged before, and where it really led is judged after.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::pin::Pin;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::stream::Stream;

/// Any port will do: nothing is sent there.
const DISCARD: u16 = 9;

/// The answer of a [`Dialer`], some time later.
pub type Dialing<'a> = Pin<Box<dyn Future<Output = io::Result<Dialed>> + Send + 'a>>;

/// Opens connections. Whether an address may be dialled is not its business.
pub trait Dialer: Send + Sync {
    /// Connects to `addr`. There is no deadline: dropping the future gives it up.
    fn dial(&self, addr: SocketAddr) -> Dialing<'_>;

    /// Whether this address is one of this machine's, whatever kind it is.
    fn is_here(&self, _: IpAddr) -> bool {
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
    /// A TCP connection, which sends at once what it is given.
    ///
    /// # Errors
    /// What the system says when the connection has ended already.
    pub fn tcp(tcp: TcpStream) -> io::Result<Self> {
        tcp.set_nodelay(true)?;
        let (local, peer) = (tcp.local_addr()?, tcp.peer_addr()?);
        Ok(Self { stream: Stream::tcp(tcp), local, peer })
    }

    /// Anything else that carries bytes both ways between `local` and `peer`.
    pub fn other<S>(stream: S, local: SocketAddr, peer: SocketAddr) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        Self { stream: Stream::other(stream), local, peer }
    }
}

/// The dialer of the operating system: TCP.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemDialer;

impl Dialer for SystemDialer {
    fn dial(&self, addr: SocketAddr) -> Dialing<'_> {
        Box::pin(async move { Dialed::tcp(TcpStream::connect(addr).await?) })
    }

    /// Asks for the way there, which sends nothing: to an address of its own a machine goes from that very address.
    fn is_here(&self, ip: IpAddr) -> bool {
        let any = match ip {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        let local = UdpSocket::bind((any, 0)).and_then(|socket| {
            socket.connect((ip, DISCARD))?;
            socket.local_addr()
        });
        local.is_ok_and(|local| local.ip() == ip)
    }
}
