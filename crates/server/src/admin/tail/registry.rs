//! All tails, by the id that a new connection names to continue one.

use super::queue::TailQueue;
use super::rows::Filter;
use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The most tails at a time.
const MAX_TAILS: usize = 64;

/// All tails of the server.
#[derive(Debug, Default)]
pub struct Tails(Mutex<HashMap<u64, Tail>>);

#[derive(Debug)]
struct Tail {
    queue: Arc<TailQueue>,
    filter: Arc<Filter>,
}

/// The position of a client in a tail: what `Last-Event-ID` has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    /// The id of the tail.
    pub(super) tail: u64,
    /// The number of the last frame.
    pub(super) number: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}.{}", self.tail, self.number)
    }
}

impl FromStr for Position {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (tail, number) = text.split_once('.').ok_or(())?;
        let tail = u64::from_str_radix(tail, 16).map_err(drop)?;
        Ok(Self { tail, number: number.parse().map_err(drop)? })
    }
}

impl Tails {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Tail>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a tail; returns false if there are too many.
    pub(super) fn add(&self, id: u64, queue: &Arc<TailQueue>, filter: &Arc<Filter>) -> bool {
        let mut tails = self.lock();
        if tails.len() >= MAX_TAILS {
            return false;
        }
        tails.insert(id, Tail { queue: Arc::clone(queue), filter: Arc::clone(filter) });
        true
    }

    /// The tail of this id, if the same caller asks for the same rows and no other connection reads it.
    pub(super) fn find(&self, id: u64, filter: &Filter) -> Option<Arc<TailQueue>> {
        let tails = self.lock();
        let tail = tails.get(&id).filter(|tail| tail.filter.is_same(filter) && !tail.queue.is_attached())?;
        Some(Arc::clone(&tail.queue))
    }

    /// Removes a tail that has ended.
    pub(super) fn remove(&self, id: u64) {
        self.lock().remove(&id);
    }
}
