//! What one call has done so far.

use super::timers::Timers;
use crate::message::{Limits, Published};
use rquickjs::{Persistent, Value};
use std::cell::{Cell, RefCell};
use std::time::Instant;

/// Where a function's console goes, piece by piece.
pub(crate) type Sink = Box<dyn Fn(&str)>;

/// A promise that was rejected, and with what.
type Rejection = (Persistent<Value<'static>>, Persistent<Value<'static>>);

/// The state of a call that its JavaScript reaches through functions of ours.
pub(super) struct State {
    pub(super) limits: Limits,
    pub(super) deadline: Instant,
    pub(super) published: RefCell<Vec<Published>>,
    pub(super) timers: RefCell<Timers>,
    /// Rejected promises that nobody has looked at yet.
    pub(super) rejections: RefCell<Vec<Rejection>>,
    /// By how much columns of the file's first line are too high.
    pub(super) shifted: Cell<usize>,
    file: String,
    logged: Cell<usize>,
    sink: Sink,
}

impl State {
    pub(super) fn new(limits: Limits, file: &str, sink: Sink) -> Self {
        Self {
            limits,
            deadline: Instant::now() + limits.timeout,
            published: RefCell::default(),
            timers: RefCell::default(),
            rejections: RefCell::default(),
            shifted: Cell::new(0),
            file: file.to_owned(),
            logged: Cell::new(0),
            sink,
        }
    }

    /// Whether its time is over.
    pub(super) fn expired(&self) -> bool {
        Instant::now() >= self.deadline
    }

    /// How much of the console there is still room for.
    pub(super) fn room(&self) -> usize {
        self.limits.log.saturating_sub(self.logged.get())
    }

    /// Writes a line to the console, or what there is room for.
    pub(super) fn log(&self, line: String) {
        let (room, line) = (self.room(), self.placed(line));
        if room == 0 {
            return;
        }
        if line.len() < room {
            self.logged.set(self.logged.get() + line.len() + 1);
            (self.sink)(&format!("{line}\n"));
        } else {
            self.logged.set(self.limits.log);
            let kept = line.get(..line.floor_char_boundary(room)).unwrap_or_default();
            (self.sink)(&format!("{kept}\n… only {} bytes are kept\n", self.limits.log));
        }
    }

    /// A text whose columns of the file's first line are what its author counts.
    pub(super) fn placed(&self, text: String) -> String {
        let mark = format!("{}:1:", self.file);
        if self.shifted.get() == 0 || !text.contains(&mark) {
            return text;
        }
        let mut parts = text.split(&mark);
        let mut placed = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let digits = part.bytes().take_while(u8::is_ascii_digit).count();
            let (column, rest) = part.split_at(digits);
            placed.push_str(&mark);
            match column.parse::<usize>() {
                Ok(column) => placed.push_str(&column.saturating_sub(self.shifted.get()).max(1).to_string()),
                Err(_) => placed.push_str(column),
            }
            placed.push_str(rest);
        }
        placed
    }

    /// Lets go of every value, which must happen before the engine goes.
    pub(super) fn clear(&self) {
        self.timers.take();
        self.rejections.take();
    }
}
