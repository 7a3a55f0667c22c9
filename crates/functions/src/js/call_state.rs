//! The state of one call.

use super::timers::Timers;
use crate::message::{Limits, PublishedEvent};
use rquickjs::{Persistent, Value};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Instant;

/// Receives a function's console output, piece by piece.
pub(crate) type ConsoleSink = Box<dyn Fn(&str)>;

/// A rejected promise and its reason.
type Rejection = (Persistent<Value<'static>>, Persistent<Value<'static>>);

/// The state of a call. The functions that the call's JavaScript can use share it.
pub(super) struct CallState {
    pub(super) limits: Limits,
    pub(super) deadline: Instant,
    pub(super) published: RefCell<Vec<PublishedEvent>>,
    pub(super) timers: Rc<RefCell<Timers>>,
    /// Rejected promises that have no handler yet.
    pub(super) rejections: RefCell<Vec<Rejection>>,
    /// The number to subtract from columns of the file's first line, because of text added before the source.
    pub(super) column_shift: Cell<usize>,
    file: String,
    logged: Cell<usize>,
    sink: ConsoleSink,
}

impl CallState {
    pub(super) fn new(limits: Limits, file: &str, sink: ConsoleSink) -> Self {
        Self {
            limits,
            deadline: Instant::now() + limits.timeout,
            published: RefCell::default(),
            timers: Rc::default(),
            rejections: RefCell::default(),
            column_shift: Cell::new(0),
            file: file.to_owned(),
            logged: Cell::new(0),
            sink,
        }
    }

    /// Returns true if the time limit has passed.
    pub(super) fn expired(&self) -> bool {
        Instant::now() >= self.deadline
    }

    /// The number of bytes of console output that can still be stored.
    pub(super) fn remaining(&self) -> usize {
        self.limits.log.saturating_sub(self.logged.get())
    }

    /// Writes a line to the console, cut to the remaining bytes.
    pub(super) fn log(&self, line: String) {
        let (remaining, line) = (self.remaining(), self.fix_columns(line));
        if remaining == 0 {
            return;
        }
        if line.len() < remaining {
            self.logged.set(self.logged.get() + line.len() + 1);
            (self.sink)(&format!("{line}\n"));
        } else {
            self.logged.set(self.limits.log);
            let kept = line.get(..line.floor_char_boundary(remaining)).unwrap_or_default();
            (self.sink)(&format!("{kept}\n… only {} bytes are stored\n", self.limits.log));
        }
    }

    /// Corrects the column numbers of the file's first line in a text.
    pub(super) fn fix_columns(&self, text: String) -> String {
        let mark = format!("{}:1:", self.file);
        if self.column_shift.get() == 0 || !text.contains(&mark) {
            return text;
        }
        let mut parts = text.split(&mark);
        let mut fixed = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let digits = part.bytes().take_while(u8::is_ascii_digit).count();
            let (column, rest) = part.split_at(digits);
            fixed.push_str(&mark);
            match column.parse::<usize>() {
                Ok(column) => {
                    fixed.push_str(&column.saturating_sub(self.column_shift.get()).max(1).to_string());
                }
                Err(_) => fixed.push_str(column),
            }
            fixed.push_str(rest);
        }
        fixed
    }

    /// Releases every JavaScript value. Must be called before the engine is dropped.
    pub(super) fn clear(&self) {
        self.timers.take();
        self.rejections.take();
    }
}
