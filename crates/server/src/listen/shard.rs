//! A shard: the connections of one thread, and the state that their requests need.

use super::connection::{self, Scratch};
use super::connection_slots::{ConnectionSlot, FULL};
use crate::router;
use crate::state::{ServerState, ShardState};
use crate::watch::WatchSet;
use footbridge_engine::{Courier, CourierShared, Relay};
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream as StdStream};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};

/// The interval at which the deadlines of connections are checked.
const SWEEP: Duration = Duration::from_millis(500);
/// The most connections that wait for a shard.
const INBOX: usize = 1024;

/// The options of [`Shard::new`].
#[derive(Debug)]
pub struct ShardOptions {
    /// State that all shards share.
    pub shared: Arc<ServerState>,
    /// State that all outbound requests share.
    pub courier: Arc<CourierShared>,
}

/// A shard that does not run yet.
#[derive(Debug)]
pub struct Shard {
    options: ShardOptions,
    inbox: mpsc::Receiver<Handover>,
    open: Arc<AtomicUsize>,
}

/// A connection on its way to a shard.
#[derive(Debug)]
struct Handover {
    stream: StdStream,
    peer: SocketAddr,
    slot: ConnectionSlot,
}

/// Assigns connections to a shard.
#[derive(Debug, Clone)]
pub struct ShardHandle {
    outbox: mpsc::Sender<Handover>,
    open: Arc<AtomicUsize>,
}

impl ShardHandle {
    /// Returns the number of connections of the shard.
    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Assigns a connection to the shard. A shard whose inbox is full drops it.
    pub(super) fn assign(&self, stream: StdStream, peer: SocketAddr, slot: ConnectionSlot) {
        self.open.fetch_add(1, Ordering::Relaxed);
        if self.outbox.try_send(Handover { stream, peer, slot }).is_err() {
            self.open.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Shard {
    /// Returns a shard and the handle that assigns connections to it.
    pub fn new(options: ShardOptions) -> (Self, ShardHandle) {
        let (outbox, inbox) = mpsc::channel(INBOX);
        let open = Arc::new(AtomicUsize::new(0));
        (Self { options, inbox, open: Arc::clone(&open) }, ShardHandle { outbox, open })
    }

    /// Serves until `drain` turns true and every connection has ended. Must run in a `LocalSet`.
    pub async fn run(mut self, mut drain: watch::Receiver<bool>) {
        let local = Rc::new(ShardState {
            relay: Relay::new(&self.options.courier),
            courier: Rc::new(Courier::new(self.options.courier)),
            admin: self.options.shared.admin.clone(),
            shared: self.options.shared,
        });
        let watches = Rc::new(WatchSet::default());
        let scratch = connection::scratch();
        let mut ticks = tokio::time::interval(SWEEP);
        loop {
            tokio::select! {
                handover = self.inbox.recv() => {
                    let Some(handover) = handover else { break };
                    open(&local, &watches, &self.open, &scratch, handover);
                }
                _ = ticks.tick() => watches.sweep(local.shared.engine.is_draining()),
                _ = drain.wait_for(|draining| *draining) => break,
            }
        }
        self.inbox.close();
        // Not earlier: a page that reconnects now finds a closed port and retries. After a refusal it would not.
        local.shared.live.close().await;
        while watches.len() > 0 {
            watches.end_all();
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

fn open(
    local: &Rc<ShardState>,
    watches: &Rc<WatchSet>,
    open: &Arc<AtomicUsize>,
    scratch: &Scratch,
    handover: Handover,
) {
    let Handover { mut stream, peer, slot } = handover;
    let counted = OpenCount(Arc::clone(open));
    if slot.beyond_share && !watches.evict(slot.address) {
        // The write must not block the shard. If the socket is full, the client gets no answer.
        let _ = stream.write(FULL);
        return;
    }
    let crowded = slot.is_crowded() && !watches.evict(None);
    let Ok(stream) = TcpStream::from_std(stream) else { return };
    let (local, watched) = (Rc::clone(local), watches.open(slot.address));
    if crowded {
        watched.watch.restrict_while(slot.crowded_check());
    }
    let scratch = Rc::clone(scratch);
    tokio::task::spawn_local(async move {
        let _counted = (counted, slot);
        let answer = |request, watch| router::answer(Rc::clone(&local), request, peer, watch);
        connection::serve(stream, watched, scratch, answer).await;
    });
}

struct OpenCount(Arc<AtomicUsize>);

impl Drop for OpenCount {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
