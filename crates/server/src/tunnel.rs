//! A connection that no longer speaks HTTP: its bytes go to and fro.

use bytes::Bytes;
use footbridge_engine::{AppConnection, Switched};
use socket2::{SockRef, TcpKeepalive};
use std::fmt;
use std::pin::Pin;
use std::time::Duration;
use tokio::io::{AsyncWriteExt as _, copy_bidirectional};
use tokio::net::TcpStream;

/// After so long without a byte the system asks whether the other side is still there.
const ASK_AFTER: Duration = Duration::from_mins(1);
/// And asks again, this often.
const ASK_EVERY: Duration = Duration::from_secs(15);

/// What takes a connection over, and how long it keeps it.
type Taker = Box<dyn FnOnce(TcpStream, Bytes) -> Pin<Box<dyn Future<Output = ()>>>>;

/// The other end of a connection that has switched protocols.
pub(crate) enum Tunnel {
    /// An app, which is in use for as long as this lasts.
    App(Switched, AppConnection),
    /// Ourselves.
    Ours(Taker),
}

impl fmt::Debug for Tunnel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tunnel")
    }
}

impl Tunnel {
    pub(crate) fn new(switched: Switched, reach: AppConnection) -> Self {
        Self::App(switched, reach)
    }

    /// A tunnel that ends here: `take` gets the connection with what the client has sent already.
    pub(crate) fn handing_over<F>(take: F) -> Self
    where
        F: FnOnce(TcpStream, Bytes) -> Pin<Box<dyn Future<Output = ()>>> + 'static,
    {
        Self::Ours(Box::new(take))
    }

    /// Carries bytes until both sides have ended or one has broken. `early` is what the client has sent
    /// already.
    pub(crate) async fn run(self, mut client: TcpStream, early: Bytes) {
        ask_for_life(&client);
        let (Switched { stream: mut app, early: answered }, _reach) = match self {
            Self::App(switched, reach) => (switched, reach),
            Self::Ours(take) => return take(client, early).await,
        };
        let told = async {
            app.write_all(&early).await?;
            client.write_all(&answered).await
        };
        if told.await.is_ok() {
            // A side that breaks has nobody left to be told, and the other hears of it by its closing.
            let _ = copy_bidirectional(&mut client, &mut app).await;
        }
    }
}

/// A client that vanished without a word is noticed by the system: such a connection has no deadline.
pub(crate) fn ask_for_life(client: &TcpStream) {
    let often = TcpKeepalive::new().with_time(ASK_AFTER).with_interval(ASK_EVERY);
    if let Err(error) = SockRef::from(client).set_tcp_keepalive(&often) {
        tracing::debug!(%error, "a connection cannot be asked whether it lives");
    }
}
