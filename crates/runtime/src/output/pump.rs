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

/// Reads until the stream ends.
pub(crate) async fn pump<R: AsyncRead + Unpin>(mut from: R, store: Store, app: AppName, stream: Stream) {
    let mut buffer = vec![0; CHUNK];
    let mut pace = Pace::new();
    let mut lines = Lines::default();
    loop {
        let Some(read) = pace.next(from.read(&mut buffer)).await else {
            store.say(&app, left_out_words(std::mem::take(&mut pace.left_out), stream));
            continue;
        };
        let bytes = buffer.get(..read).unwrap_or_default();
        if bytes.is_empty() {
            break;
        }
        if let Some(left_out) = pace.turn() {
            store.say(&app, left_out_words(left_out, stream));
        }
        if pace.keeps(read) {
            let mut whole = Vec::new();
            lines.feed(bytes, |line| whole.push(line));
            if !whole.is_empty() {
                store.add(&app, stream, whole);
            }
        } else if let Some(open) = lines.gap() {
            store.add(&app, stream, [open]);
        }
        pace.rest().await;
    }
    store.add(&app, stream, lines.finish());
    if pace.left_out > 0 {
        store.say(&app, left_out_words(pace.left_out, stream));
    }
}

fn left_out_words(bytes: u64, stream: Stream) -> String {
    let tenths = bytes.saturating_mul(10).div_ceil(1024 * 1024);
    format!("{}.{} MiB of std{} left out: too much at once", tenths / 10, tenths % 10, stream.as_str())
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

    /// Opens the next window when this one is over. Gives what was left out once a flood has passed.
    fn turn(&mut self) -> Option<u64> {
        let now = Instant::now();
        if now < self.until {
            return None;
        }
        // A pause longer than a window ends a flood as well.
        let passed = !self.over || now > self.until + WINDOW;
        (self.until, self.kept, self.read, self.over) = (now + WINDOW, 0, 0, false);
        (passed && self.left_out > 0).then(|| std::mem::take(&mut self.left_out))
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
