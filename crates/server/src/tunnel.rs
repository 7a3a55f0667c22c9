//! A connection that no longer speaks HTTP: its bytes go to and fro.

use bytes::Bytes;
use footbridge_engine::{Reach, Switched};
use socket2::{SockRef, TcpKeepalive};
use std::time::Duration;
use tokio::io::{AsyncWriteExt as _, copy_bidirectional};
use tokio::net::TcpStream;

/// After so long without a byte the system asks whether the other side is still there.
const ASK_AFTER: Duration = Duration::from_mins(1);
/// And asks again, this often.
const ASK_EVERY: Duration = Duration::from_secs(15);

/// The app's end of a connection that has switched protocols.
#[derive(Debug)]
pub(crate) struct Tunnel {
    switched: Switched,
    /// The app is in use for as long as this lasts.
    _reach: Reach,
}

impl Tunnel {
    pub(crate) fn new(switched: Switched, reach: Reach) -> Self {
        Self { switched, _reach: reach }
    }

    /// Carries bytes until both sides have ended or one has broken. `early` is what the client has sent
    /// already.
    pub(crate) async fn run(self, mut client: TcpStream, early: Bytes) {
        let Switched { stream: mut app, early: answered } = self.switched;
        ask_for_life(&client);
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
