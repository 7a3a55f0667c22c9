//! A receiver of exchanges and deliveries: answers 200 with 256 bytes of JSON, or hangs.

use super::clock::Stamp;
use super::frame::Frames;
use crate::Outcome;
use crate::stats::Times;
use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::LocalSet;

/// The behaviour of a receiver.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ReceiverMode {
    /// Answers every request with status 200.
    Answer,
    /// Answers, and stores the time since the event was sent.
    Time(Stamp),
    /// Reads requests and never answers.
    Hang,
}

/// A receiver on its own thread. Dropping it ends the thread and closes the connections.
#[derive(Debug)]
pub(crate) struct Receiver {
    address: SocketAddr,
    seen: Arc<Seen>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Seen {
    requests: AtomicU64,
    times: Mutex<Times>,
}

impl Receiver {
    /// Listens on `address`, whose port may be 0.
    pub(crate) fn start(address: SocketAddr, mode: ReceiverMode) -> Outcome<Self> {
        let listen = || {
            let listener = StdListener::bind(address)?;
            listener.set_nonblocking(true)?;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            Ok((listener.local_addr()?, listener, runtime))
        };
        let (address, listener, runtime) =
            listen().map_err(|e: io::Error| format!("no receiver on {address}: {e}"))?;
        let (seen, (stop, stopped)) = (Arc::<Seen>::default(), oneshot::channel());
        let counted = Arc::clone(&seen);
        let thread = std::thread::spawn(move || {
            let work = async {
                tokio::select! {
                    _ = stopped => {}
                    _ = accept(listener, mode, counted) => {}
                }
            };
            LocalSet::new().block_on(&runtime, work);
        });
        Ok(Self { address, seen, stop: Some(stop), thread: Some(thread) })
    }

    /// Returns the address that it listens on.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the number of requests so far.
    pub(crate) fn requests(&self) -> u64 {
        self.seen.requests.load(Ordering::Relaxed)
    }

    /// Removes and returns the stored times.
    pub(crate) fn take_times(&self) -> Times {
        std::mem::take(&mut *self.seen.times.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until so many requests have come and returns the time of the last one; `None` if it took too long.
    pub(crate) fn wait_for(&self, requests: u64, within: Duration) -> Option<Instant> {
        let started = Instant::now();
        while self.requests() < requests {
            if started.elapsed() > within {
                return None;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Some(Instant::now())
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn accept(listener: StdListener, mode: ReceiverMode, seen: Arc<Seen>) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let answer: Arc<[u8]> = answer().into();
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
        tokio::task::spawn_local(async move {
            // The sender notices a broken connection.
            let _ = serve(stream, mode, &seen, &answer).await;
        });
    }
}

async fn serve(mut stream: TcpStream, mode: ReceiverMode, seen: &Seen, answer: &[u8]) -> io::Result<()> {
    let mut frames = Frames::default();
    while let Some(request) = frames.next(&mut stream).await? {
        seen.requests.fetch_add(1, Ordering::Relaxed);
        match mode {
            ReceiverMode::Answer => {}
            ReceiverMode::Time(stamp) => {
                if let Some(micros) = stamp.since(request) {
                    seen.times.lock().unwrap_or_else(PoisonError::into_inner).push(micros);
                }
            }
            ReceiverMode::Hang => continue,
        }
        stream.write_all(answer).await?;
    }
    Ok(())
}

fn answer() -> Vec<u8> {
    let body = format!("{{\"ok\":true,\"pad\":\"{}\"}}", "r".repeat(236));
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ";
    format!("{head}{}\r\n\r\n{body}", body.len()).into_bytes()
}
