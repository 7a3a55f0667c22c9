//! Copies one output stream of a run into the store at a limited rate.

use super::lines::Lines;
use super::store::OutputStore;
use footbridge_model::name::AppName;
use footbridge_model::run::Stream;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::{Instant, sleep_until, timeout_at};

/// Bytes in one read.
const CHUNK: usize = 32 * 1024;
/// Bytes that one window may store as lines.
const STORED_MAX: usize = 256 * 1024;
/// Bytes that one window may read. Bytes above `STORED_MAX` are dropped; bytes above this limit stay in the
/// app's pipe and block the app. Reading 64 MiB/s costs the server a few hundredths of a core.
const READ_MAX: usize = 16 * 1024 * 1024;
const WINDOW: Duration = Duration::from_millis(250);

/// Bytes at the end of a dropped part that are stored after all: the last lines are the most useful.
const TAIL: usize = 8 * 1024;

/// Copies `from` into `store` until the stream ends.
pub(crate) async fn pump<R: AsyncRead + Unpin>(
    mut from: R,
    store: OutputStore,
    app: AppName,
    stream: Stream,
) {
    let mut buffer = vec![0; CHUNK];
    let mut sink = StreamSink { store, app, stream, lines: Lines::default(), tail: Vec::new() };
    let mut window = RateWindow::new();
    loop {
        let Some(read) = window.next(from.read(&mut buffer)).await else {
            sink.resume(&mut window.dropped);
            continue;
        };
        let bytes = buffer.get(..read).unwrap_or_default();
        if bytes.is_empty() {
            break;
        }
        if window.roll() {
            sink.resume(&mut window.dropped);
        }
        if window.accepts(read) {
            sink.store_lines(bytes);
        } else {
            sink.drop_bytes(bytes);
        }
        window.throttle().await;
    }
    sink.resume(&mut window.dropped);
    let open = sink.lines.finish();
    sink.store.add(&sink.app, stream, open);
}

/// Writes the bytes of one stream to the store.
struct StreamSink {
    store: OutputStore,
    app: AppName,
    stream: Stream,
    lines: Lines,
    /// The last `TAIL` bytes of the part that was dropped.
    tail: Vec<u8>,
}

impl StreamSink {
    fn store_lines(&mut self, bytes: &[u8]) {
        let mut complete = Vec::new();
        self.lines.feed(bytes, |line| complete.push(line));
        self.store.add(&self.app, self.stream, complete);
    }

    fn drop_bytes(&mut self, bytes: &[u8]) {
        if let Some(open) = self.lines.skip() {
            self.store.add(&self.app, self.stream, [open]);
        }
        let end = bytes.get(bytes.len().saturating_sub(TAIL)..).unwrap_or_default();
        let surplus = (self.tail.len() + end.len()).saturating_sub(TAIL);
        self.tail.drain(..surplus.min(self.tail.len()));
        self.tail.extend_from_slice(end);
    }

    /// Stores a line that says how much was dropped, and the end of it. Does nothing if nothing was dropped.
    fn resume(&mut self, dropped: &mut u64) {
        if *dropped == 0 {
            return;
        }
        let tail = std::mem::take(&mut self.tail);
        // The tail starts in the middle of a line.
        let start = tail.iter().position(|byte| *byte == b'\n').map_or(tail.len(), |end| end + 1);
        let end = tail.get(start..).unwrap_or_default();
        let bytes = std::mem::take(dropped).saturating_sub(end.len() as u64);
        let tenths = bytes.saturating_mul(10).div_ceil(1024 * 1024);
        let (whole, tenth, name) = (tenths / 10, tenths % 10, self.stream.as_str());
        self.store.add_server_line(
            &self.app,
            format!("{whole}.{tenth} MiB of std{name} dropped: too much output at once"),
        );
        self.store_lines(end);
    }
}

/// Counts the bytes that the current time window has read and stored.
struct RateWindow {
    until: Instant,
    stored: usize,
    read: usize,
    /// True if this window has dropped bytes.
    over: bool,
    /// Bytes that were dropped and not yet reported.
    dropped: u64,
}

impl RateWindow {
    fn new() -> Self {
        Self { until: Instant::now() + WINDOW, stored: 0, read: 0, over: false, dropped: 0 }
    }

    /// Waits for a read and returns its length; `None` if dropped bytes are to be reported and nothing came for
    /// a window's length. A failed read counts as the end of the stream, because no writer is left.
    async fn next(&self, read: impl Future<Output = std::io::Result<usize>>) -> Option<usize> {
        if self.dropped == 0 {
            return Some(read.await.unwrap_or(0));
        }
        let read = timeout_at(self.until + WINDOW, read).await.ok()?;
        Some(read.unwrap_or(0))
    }

    /// Starts the next window if this one has ended. Returns true if the output is back below the limit.
    fn roll(&mut self) -> bool {
        let now = Instant::now();
        if now < self.until {
            return false;
        }
        // A pause longer than a window also counts as back below the limit.
        let passed = !self.over || now > self.until + WINDOW;
        (self.until, self.stored, self.read, self.over) = (now + WINDOW, 0, 0, false);
        passed
    }

    /// Counts bytes that were read. Returns true if they are to be stored.
    fn accepts(&mut self, read: usize) -> bool {
        self.read += read;
        if self.over || self.stored + read > STORED_MAX {
            self.over = true;
            self.dropped += read as u64;
            return false;
        }
        self.stored += read;
        true
    }

    /// Waits for the end of the window if it has read `READ_MAX` bytes.
    async fn throttle(&self) {
        if self.read >= READ_MAX {
            sleep_until(self.until).await;
        } else {
            tokio::task::yield_now().await;
        }
    }
}
