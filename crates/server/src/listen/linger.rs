//! The end of a connection whose client still sends. To close it at once would reset it, and the client could lose the
//! answer.

use super::framing::Framing;
use crate::body::{DISCARD_MAX, DISCARD_TIME};
use crate::watch::{End, Watch};
use std::cell::RefCell;
use std::io::ErrorKind;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The longest wait for the next byte.
const WAIT_MAX: Duration = Duration::from_secs(2);

/// A connection that is to be closed after its last answer.
pub(super) struct Closing {
    pub(super) stream: TcpStream,
    pub(super) framing: Framing,
    /// True if the request could not be read, so that nobody knows where it ends.
    pub(super) failed: bool,
}

impl Closing {
    /// Closes the connection: the own side at once, the other one when its client has sent the rest of its request, closes
    /// it, or takes too long.
    pub(super) async fn close(mut self, watch: &Watch, scratch: &RefCell<Box<[u8]>>) {
        if self.stream.shutdown().await.is_err() {
            return;
        }
        tokio::select! {
            _ = timeout(DISCARD_TIME, self.discard(scratch)) => {}
            () = ended(watch) => {}
        }
    }

    async fn discard(&mut self, scratch: &RefCell<Box<[u8]>>) {
        let mut left = DISCARD_MAX;
        while left > 0 {
            let read = {
                let mut scratch = scratch.borrow_mut();
                let read = self.stream.try_read(&mut scratch);
                if let Ok(count) = read {
                    self.framing.feed(scratch.get(..count).unwrap_or_default());
                }
                read
            };
            match read {
                Ok(0) => return,
                Ok(count) => left = left.saturating_sub(count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let more = self.failed || self.framing.is_in_body();
                    if !more || !matches!(timeout(WAIT_MAX, self.stream.readable()).await, Ok(Ok(()))) {
                        return;
                    }
                }
                Err(_) => return,
            }
        }
    }
}

/// Waits until the connection must end.
async fn ended(watch: &Watch) {
    while watch.end_requested().await == End::Park {}
}
