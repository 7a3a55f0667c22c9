//! A shard: the connections of one thread, and all that their requests need there.

use super::accept::FULL;
use super::connection::{self, Scratch};
use super::places::Place;
use crate::router;
use crate::state::{Local, Shared};
use crate::watch::Watches;
use footbridge_engine::{Courier, CourierShared, Relay};
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream as StdStream};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};

/// How often connections are looked at for their deadlines.
const SWEEP: Duration = Duration::from_millis(500);
/// Connections on their way to a shard.
const INBOX: usize = 1024;

/// What a shard is built from.
#[derive(Debug)]
pub struct ShardOptions {
    /// What all shards share.
    pub shared: Arc<Shared>,
    /// What all outbound requests share.
    pub courier: Arc<CourierShared>,
}

/// A shard before it runs.
#[derive(Debug)]
pub struct Shard {
    options: ShardOptions,
    inbox: mpsc::Receiver<Given>,
    open: Arc<AtomicUsize>,
}

/// A connection on its way to a shard.
type Given = (StdStream, SocketAddr, Place);

/// Gives connections to a shard.
#[derive(Debug, Clone)]
pub struct ShardHandle {
    outbox: mpsc::Sender<Given>,
    open: Arc<AtomicUsize>,
}

impl ShardHandle {
    /// How many connections it has.
    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Gives it one more; a shard that cannot keep up lets it go.
    pub(super) fn give(&self, stream: StdStream, peer: SocketAddr, place: Place) {
        self.open.fetch_add(1, Ordering::Relaxed);
        if self.outbox.try_send((stream, peer, place)).is_err() {
            self.open.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Shard {
    /// A shard and the handle to give it connections.
    pub fn new(options: ShardOptions) -> (Self, ShardHandle) {
        let (outbox, inbox) = mpsc::channel(INBOX);
        let open = Arc::new(AtomicUsize::new(0));
        (Self { options, inbox, open: Arc::clone(&open) }, ShardHandle { outbox, open })
    }

    /// Serves until `drain` turns true and every connection has ended. Needs a `LocalSet`.
    pub async fn run(mut self, mut drain: watch::Receiver<bool>) {
        let local = Rc::new(Local {
            relay: Relay::new(&self.options.courier),
            courier: Rc::new(Courier::new(self.options.courier)),
            admin: self.options.shared.admin.clone(),
            shared: self.options.shared,
        });
        let watches = Rc::new(Watches::default());
        let scratch = connection::scratch();
        let mut ticks = tokio::time::interval(SWEEP);
        loop {
            tokio::select! {
                given = self.inbox.recv() => {
                    let Some(given) = given else { break };
                    open(&local, &watches, &self.open, &scratch, given);
                }
                _ = ticks.tick() => watches.sweep(local.shared.engine.is_draining()),
                _ = drain.wait_for(|draining| *draining) => break,
            }
        }
        self.inbox.close();
        // Only now: pages that come back meet a closed door, which tells them to try again, not a refusal.
        local.shared.live.close().await;
        while watches.len() > 0 {
            watches.end_all();
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

fn open(
    local: &Rc<Local>,
    watches: &Rc<Watches>,
    open: &Arc<AtomicUsize>,
    scratch: &Scratch,
    (mut stream, peer, place): Given,
) {
    let counted = Counted(Arc::clone(open));
    if place.beyond_share && !watches.evict(place.address) {
        // It is not waited for: one that cannot take a few bytes at once goes without.
        let _ = stream.write(FULL);
        return;
    }
    let crowded = place.is_crowded() && !watches.evict(None);
    let Ok(stream) = TcpStream::from_std(stream) else { return };
    let (local, watched) = (Rc::clone(local), watches.open(place.address));
    if crowded {
        watched.watch.restrict_while(place.crowding());
    }
    let scratch = Rc::clone(scratch);
    tokio::task::spawn_local(async move {
        let _counted = (counted, place);
        let answer = |request, watch| router::answer(Rc::clone(&local), request, peer, watch);
        connection::serve(stream, watched, scratch, answer).await;
    });
}

struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
