//! Free ports, each given to one app.

use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};

/// How often the system is asked for a port that no other app was given.
const TRIES: usize = 100;

/// The ports of the runs under way.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ports(Arc<Mutex<BTreeSet<u16>>>);

/// A port for one run; given back when dropped.
#[derive(Debug)]
pub(super) struct Port {
    pub(super) number: u16,
    ports: Ports,
}

impl Ports {
    /// A port that is free now. The system keeps it for nobody: that it stays free is likely, not certain.
    pub(super) fn pick(&self) -> io::Result<Port> {
        for _ in 0..TRIES {
            // A socket for both families finds a port that is free in both.
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
