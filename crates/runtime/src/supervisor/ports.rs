//! Picks free ports for apps.

use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};

/// The most attempts to get a port that no other app has.
const TRIES: usize = 100;

/// The ports of the current runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ports(Arc<Mutex<BTreeSet<u16>>>);

/// A port reserved for one run. Dropping it releases the port.
#[derive(Debug)]
pub(super) struct Port {
    pub(super) number: u16,
    ports: Ports,
}

impl Ports {
    /// Picks a port that is free now. The system does not reserve it, so another process may still take it.
    pub(super) fn pick(&self) -> io::Result<Port> {
        for _ in 0..TRIES {
            // A dual-stack socket finds a port that is free for IPv4 and IPv6.
            let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0))
                .or_else(|_| TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)))?;
            let number = listener.local_addr().map(|address: SocketAddr| address.port())?;
            if self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(number) {
                return Ok(Port { number, ports: self.clone() });
            }
        }
        Err(io::ErrorKind::AddrNotAvailable.into())
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.ports.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.number);
    }
}
