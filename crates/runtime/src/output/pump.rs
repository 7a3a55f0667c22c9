//! One stream of a run into the store, at a pace that nobody else notices.

use super::lines::Lines;
use super::store::Store;
use footbridge_model::name::AppName;
use footbridge_model::run::Stream;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::{Instant, sleep_until, timeout_at};

/// One read.
const CHUNK: usize = 32 * 1024;
/// Within one window, the most that is made into lines…
const KEPT: usize = 256 * 1024;
/// …and the most that is read at all: what is above `KEPT` is thrown away unseen, what is above this waits
/// in the app's pipe. 64 MiB/s cost the server a few hundredths of a core.
const READ: usize = 16 * 1024 * 1024;
const WINDOW: Duration = Duration::from_millis(250);

/// Of what is thrown away, this much of the end is kept after all: last words say most.
const TAIL: usize = 8 * 1024;

/// Reads until the stream ends.
pub(crate) async fn pump<R: AsyncRead + Unpin>(mut from: R, store: Store, app: AppName, stream: Stream) {
    let mut buffer = vec![0; CHUNK];
    let mut sink = Sink { store, app, stream, lines: Lines::default(), tail: Vec::new() };
    let mut pace = Pace::new();
    loop {
        let Some(read) = pace.next(from.read(&mut buffer)).await else {
            sink.resume(&mut pace.left_out);
            continue;
        };
        let bytes = buffer.get(..read).unwrap_or_default();
        if bytes.is_empty() {
            break;
        }
        if pace.turn() {
            sink.resume(&mut pace.left_out);
        }
        if pace.keeps(read) {
            sink.keep(bytes);
        } else {
            sink.leave_out(bytes);
        }
        pace.rest().await;
    }
    sink.resume(&mut pace.left_out);
    let open = sink.lines.finish();
    sink.store.add(&sink.app, stream, open);
}

/// Where what was read goes.
struct Sink {
    store: Store,
    app: AppName,
    stream: Stream,
    lines: Lines,
    /// The end of what was left out.
    tail: Vec<u8>,
}

impl Sink {
    fn keep(&mut self, bytes: &[u8]) {
        let mut whole = Vec::new();
        self.lines.feed(bytes, |line| whole.push(line));
        self.store.add(&self.app, self.stream, whole);
    }

    fn leave_out(&mut self, bytes: &[u8]) {
        if let Some(open) = self.lines.gap() {
            self.store.add(&self.app, self.stream, [open]);
        }
        let end = bytes.get(bytes.len().saturating_sub(TAIL)..).unwrap_or_default();
        let surplus = (self.tail.len() + end.len()).saturating_sub(TAIL);
        self.tail.drain(..surplus.min(self.tail.len()));
        self.tail.extend_from_slice(end);
    }

    /// Tells what was left out, if anything, and keeps its end.
    fn resume(&mut self, left_out: &mut u64) {
        if *left_out == 0 {
            return;
        }
        let tail = std::mem::take(&mut self.tail);
        // It begins within a line.
        let start = tail.iter().position(|byte| *byte == b'\n').map_or(tail.len(), |end| end + 1);
        let end = tail.get(start..).unwrap_or_default();
        let bytes = std::mem::take(left_out).saturating_sub(end.len() as u64);
        let tenths = bytes.saturating_mul(10).div_ceil(1024 * 1024);
        let (whole, tenth, name) = (tenths / 10, tenths % 10, self.stream.as_str());
        self.store.say(&self.app, format!("{whole}.{tenth} MiB of std{name} left out: too much at once"));
        self.keep(end);
    }
}

/// How much was read and kept in the window that is open.
struct Pace {
    until: Instant,
    kept: usize,
    read: usize,
    /// Whether this window has thrown anything away.
    over: bool,
    /// Thrown away and not told yet.
    left_out: u64,
}

impl Pace {
    fn new() -> Self {
        Self { until: Instant::now() + WINDOW, kept: 0, read: 0, over: false, left_out: 0 }
    }

    /// The next read; `None` when nothing came for a while and there is something to tell. A read that
    /// fails is the end of the stream: there is nobody left to write to it.
    async fn next(&self, read: impl Future<Output = std::io::Result<usize>>) -> Option<usize> {
        if self.left_out == 0 {
            return Some(read.await.unwrap_or(0));
        }
        let read = timeout_at(self.until + WINDOW, read).await.ok()?;
        Some(read.unwrap_or(0))
    }

    /// Opens the next window when this one is over. Whether a flood, if there was one, has passed.
    fn turn(&mut self) -> bool {
        let now = Instant::now();
        if now < self.until {
            return false;
        }
        // A pause longer than a window ends a flood as well.
        let passed = !self.over || now > self.until + WINDOW;
        (self.until, self.kept, self.read, self.over) = (now + WINDOW, 0, 0, false);
        passed
    }

    /// Counts what was read; whether it is to be kept.
    fn keeps(&mut self, read: usize) -> bool {
        self.read += read;
        if self.over || self.kept + read > KEPT {
            self.over = true;
            self.left_out += read as u64;
            return false;
        }
        self.kept += read;
        true
    }

    /// Lets the window pass when enough was read in it.
    async fn rest(&self) {
        if self.read >= READ {
            sleep_until(self.until).await;
        } else {
            tokio::task::yield_now().await;
        }
    }
}
