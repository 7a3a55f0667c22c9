//! The measured server and the baselines.

mod app;
mod footbridge;
mod nginx;
pub(crate) mod packages;
mod redis;

pub(crate) use app::{App, Kind};
pub(crate) use footbridge::{Footbridge, HookAt, Setup, authorization, exchange_body};
pub(crate) use nginx::Nginx;
pub(crate) use redis::Redis;

use crate::Outcome;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};

/// Returns a loopback address with a port that was free a moment ago.
pub(crate) fn free_address() -> Outcome<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    listener.and_then(|listener| listener.local_addr()).map_err(|e| format!("no free port: {e}"))
}

fn listens(address: SocketAddr) -> bool {
    TcpStream::connect(address).is_ok()
}
