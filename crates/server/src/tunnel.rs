//! A connection that has switched from HTTP to another protocol.

use crate::sign_out::SignOut;
use bytes::Bytes;
use footbridge_engine::{AppConnection, Switched};
use socket2::{SockRef, TcpKeepalive};
use std::fmt;
use std::pin::Pin;
use std::time::Duration;
use tokio::io::{AsyncWriteExt as _, copy_bidirectional};
use tokio::net::TcpStream;

/// Idle time after which the system sends the first TCP keep-alive probe.
const KEEPALIVE_AFTER: Duration = Duration::from_mins(1);
/// Time between two keep-alive probes.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);

/// Takes over a connection; its future completes when the connection is done.
type TakeOver = Box<dyn FnOnce(TcpStream, Bytes) -> Pin<Box<dyn Future<Output = ()>>>>;

/// The other end of a connection that has switched protocols.
pub(crate) enum Tunnel {
    /// An app. It counts as in use while the tunnel lasts, which is until the user who opened it is signed out.
    App(Switched, AppConnection, Option<SignOut>),
    /// A part of this server.
    Own(TakeOver),
}

impl fmt::Debug for Tunnel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tunnel")
    }
}

impl Tunnel {
    pub(crate) fn new(switched: Switched, reach: AppConnection, ended: Option<SignOut>) -> Self {
        Self::App(switched, reach, ended)
    }

    /// Creates a tunnel to a part of this server: `take` gets the connection and the bytes that the client has sent
    /// already.
    pub(crate) fn taken_over_by<F>(take: F) -> Self
    where
        F: FnOnce(TcpStream, Bytes) -> Pin<Box<dyn Future<Output = ()>>> + 'static,
    {
        Self::Own(Box::new(take))
    }

    /// Copies bytes in both directions until both sides have ended or one has failed. `early` are the bytes that the client
    /// has sent already.
    pub(crate) async fn run(self, mut client: TcpStream, early: Bytes) {
        enable_keepalive(&client);
        let (Switched { stream: mut app, early: answered }, _reach, ended) = match self {
            Self::App(switched, reach, ended) => (switched, reach, ended),
            Self::Own(take) => return take(client, early).await,
        };
        let first = async {
            app.write_all(&early).await?;
            client.write_all(&answered).await
        };
        if first.await.is_ok() {
            let ended = ended.unwrap_or_else(|| Box::pin(std::future::pending()));
            tokio::select! {
                // If one side fails, the other notices when its connection closes.
                _ = copy_bidirectional(&mut client, &mut app) => {}
                () = ended => {}
            }
        }
    }
}

/// Enables TCP keep-alive, which notices a client that vanished: the connection has no other deadline.
pub(crate) fn enable_keepalive(client: &TcpStream) {
    let often = TcpKeepalive::new().with_time(KEEPALIVE_AFTER).with_interval(KEEPALIVE_INTERVAL);
    if let Err(error) = SockRef::from(client).set_tcp_keepalive(&often) {
        tracing::debug!(%error, "TCP keep-alive could not be enabled on a connection");
    }
}
