//! The frames of one tail that its connection has not sent yet, and those that a new connection may ask for again.

use bytes::Bytes;
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// The most rows of one second. The others are counted.
pub(super) const ROWS_PER_SECOND: u32 = 200;
/// The most frames that wait for a slow connection.
const WAITING: usize = 400;
/// The number of frames that are kept after they were sent.
const KEPT: usize = 200;
/// How long a tail goes on without a connection.
pub(super) const DETACHED_FOR: Duration = Duration::from_secs(15);

/// A frame with its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    /// The number of the frame, from 1.
    pub(super) number: u64,
    /// The name of the event.
    pub(super) kind: &'static str,
    /// The data of the event, one line of JSON.
    pub(super) data: Bytes,
}

/// The frames of one tail.
#[derive(Debug)]
pub(super) struct TailQueue {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    frames: VecDeque<Frame>,
    /// The number of the last frame that was made.
    last: u64,
    /// The number of the last frame that was sent.
    sent: u64,
    /// The rows that were not shown since the last frame.
    left_out: u64,
    /// The second that is counted in, and its rows.
    second: Instant,
    rows: u32,
    /// Since when there is no connection; `None` while there is one.
    detached_at: Option<Instant>,
    closed: bool,
}

/// The next frame of a queue.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NextFrame {
    /// The next frame, with its number.
    Frame(Frame),
    /// There is no frame yet.
    Nothing,
    /// There will be none.
    Closed,
}

impl TailQueue {
    pub(super) fn new(now: Instant) -> Self {
        let state = State {
            frames: VecDeque::new(),
            last: 0,
            sent: 0,
            left_out: 0,
            second: now,
            rows: 0,
            detached_at: Some(now),
            closed: false,
        };
        Self { state: Mutex::new(state), changed: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a row if there is room for it, and counts it otherwise.
    pub(super) fn row(&self, now: Instant, kind: &'static str, render: impl FnOnce() -> Option<Bytes>) {
        let mut state = self.lock();
        if now.duration_since(state.second) >= Duration::from_secs(1) {
            (state.second, state.rows) = (now, 0);
        }
        let waiting = state.frames.iter().rev().take_while(|frame| frame.number > state.sent).count();
        if state.rows >= ROWS_PER_SECOND || waiting >= WAITING {
            state.left_out += 1;
            return;
        }
        let Some(data) = render() else { return };
        state.rows += 1;
        state.flush();
        state.push(kind, data);
        drop(state);
        self.changed.notify_one();
    }

    /// Counts rows that are not shown.
    pub(super) fn leave_out(&self, count: u64) {
        self.lock().left_out += count;
    }

    /// Adds a frame with the number of rows that were not shown, if there are any.
    pub(super) fn flush(&self) {
        self.lock().flush();
        self.changed.notify_one();
    }

    /// Begins to send after the frame `after`. Returns how many frames before that are no longer kept.
    pub(super) fn attach(&self, after: Option<u64>) -> u64 {
        let mut state = self.lock();
        let after = after.unwrap_or(state.sent).min(state.last);
        state.detached_at = None;
        state.sent = after;
        let first = state.frames.front().map_or(state.last + 1, |frame| frame.number);
        first.saturating_sub(after + 1)
    }

    /// The connection is lost.
    pub(super) fn detach(&self, now: Instant) {
        self.lock().detached_at = Some(now);
    }

    /// Returns true if the connection was lost so long ago that none is expected any more.
    pub(super) fn is_abandoned(&self, now: Instant) -> bool {
        self.lock().detached_at.is_some_and(|at| now.duration_since(at) >= DETACHED_FOR)
    }

    /// Returns true while there is a connection.
    pub(super) fn is_attached(&self) -> bool {
        self.lock().detached_at.is_none()
    }

    /// Ends the tail of this queue.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_one();
    }

    /// Takes the next frame.
    pub(super) fn next(&self) -> NextFrame {
        let mut state = self.lock();
        let sent = state.sent;
        let next = state.frames.iter().find(|frame| frame.number > sent).cloned();
        let Some(frame) = next else {
            return if state.closed { NextFrame::Closed } else { NextFrame::Nothing };
        };
        state.sent = frame.number;
        while state.frames.len() > KEPT
            && state.frames.front().is_some_and(|first| first.number <= state.sent)
        {
            state.frames.pop_front();
        }
        NextFrame::Frame(frame)
    }

    /// Waits for a change.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }
}

impl State {
    fn push(&mut self, kind: &'static str, data: Bytes) {
        self.last += 1;
        self.frames.push_back(Frame { number: self.last, kind, data });
    }

    fn flush(&mut self) {
        if self.left_out == 0 {
            return;
        }
        let count = std::mem::take(&mut self.left_out);
        // Gaps that follow each other before anything is sent are one.
        if let Some(last) =
            self.frames.back_mut().filter(|last| last.kind == "gap" && last.number > self.sent)
            && let Some(before) = gap_count(&last.data)
        {
            last.data = gap(before + count);
            return;
        }
        self.push("gap", gap(count));
    }
}

/// The data of a gap.
pub(super) fn gap(count: u64) -> Bytes {
    let mut text = String::new();
    // Writing to a `String` never fails.
    let _ = write!(text, "{{\"n\":{count}}}");
    text.into()
}

fn gap_count(data: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(data).ok()?;
    text.strip_prefix("{\"n\":")?.strip_suffix('}')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(queue: &TailQueue, count: u64, now: Instant) {
        (0..count).for_each(|_| queue.row(now, "event", || Some(Bytes::from_static(b"{}"))));
    }

    fn taken(queue: &TailQueue) -> (u64, u64) {
        let (mut rows, mut left_out) = (0, 0);
        while let NextFrame::Frame(frame) = queue.next() {
            match gap_count(&frame.data) {
                Some(count) => left_out += count,
                None => rows += 1,
            }
        }
        (rows, left_out)
    }

    #[test]
    fn a_second_has_so_many_rows_and_the_others_are_counted() {
        let now = Instant::now();
        let queue = TailQueue::new(now);
        queue.attach(None);
        rows(&queue, 1000, now);
        queue.flush();
        assert_eq!(taken(&queue), (200, 800));
        rows(&queue, 50, now + Duration::from_secs(1));
        assert_eq!(taken(&queue), (50, 0));
        queue.leave_out(3);
        rows(&queue, 1, now + Duration::from_secs(1));
        assert_eq!(taken(&queue), (1, 3));
    }

    #[test]
    fn a_connection_that_reads_nothing_bounds_the_memory_and_loses_no_count() {
        let now = Instant::now();
        let queue = TailQueue::new(now);
        queue.attach(None);
        for second in 0..10 {
            rows(&queue, 300, now + Duration::from_secs(second));
            queue.flush();
        }
        assert!(queue.lock().frames.len() <= WAITING + 10);
        let (shown, left_out) = taken(&queue);
        assert_eq!(shown + left_out, 3000);
        assert!(queue.lock().frames.len() <= KEPT);
    }

    #[test]
    fn a_new_connection_continues_where_the_last_one_ended() {
        let now = Instant::now();
        let queue = TailQueue::new(now);
        assert_eq!(queue.attach(None), 0);
        rows(&queue, 5, now);
        assert_eq!(taken(&queue), (5, 0));
        queue.detach(now);
        rows(&queue, 2, now);
        // The client saw only three of the five.
        assert_eq!(queue.attach(Some(3)), 0);
        assert_eq!(taken(&queue), (4, 0));
        for second in 1..4 {
            rows(&queue, 200, now + Duration::from_secs(second));
            assert_eq!(taken(&queue), (200, 0));
        }
        assert_eq!(queue.attach(Some(7)), 400, "they were sent and are no longer kept");
        assert_eq!(queue.next(), NextFrame::Frame(Frame { number: 408, kind: "event", data: "{}".into() }));
        assert!(!queue.is_abandoned(now + DETACHED_FOR));
        queue.detach(now);
        assert!(queue.is_abandoned(now + DETACHED_FOR));
        queue.close();
        taken(&queue);
        assert_eq!(queue.next(), NextFrame::Closed);
    }
}
