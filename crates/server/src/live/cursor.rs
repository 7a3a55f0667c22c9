//! With which id a page comes back: one that it has heard everything before.

use bytes::Bytes;
use footbridge_model::id::EventId;
use std::collections::BTreeSet;

/// Where a stream is.
#[derive(Debug)]
pub(super) struct Cursor {
    /// What the page would come back with.
    last: Option<EventId>,
    /// Told already, while something before them was still under way.
    ahead: BTreeSet<EventId>,
}

impl Cursor {
    pub(super) const fn at(last: Option<EventId>) -> Self {
        Self { last, ahead: BTreeSet::new() }
    }

    /// Whether there is anything to [catch up](Self::catch_up) with.
    pub(super) fn is_ahead(&self) -> bool {
        !self.ahead.is_empty()
    }

    /// How the frame of an event begins: with its id if nothing before it is to come.
    pub(super) fn begin(&mut self, id: EventId, settled: EventId) -> Bytes {
        let moves = self.last.is_none_or(|last| id > last);
        if moves && id <= settled {
            self.last = Some(id);
            return format!("id: {id}\ndata: ").into();
        }
        if moves {
            self.ahead.insert(id);
        }
        Bytes::from_static(b"data: ")
    }

    /// Moves on to the last of those told ahead that is settled: a frame of an id alone.
    pub(super) fn catch_up(&mut self, settled: EventId) -> Option<Bytes> {
        let reached = self.ahead.range(..=settled).next_back().copied()?;
        self.ahead.retain(|id| *id > reached);
        let moves = self.last.is_none_or(|last| reached > last);
        moves.then(|| {
            self.last = Some(reached);
            format!("id: {reached}\n\n").into()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_told_once_all_before_it_was() {
        let id = EventId::from_number;
        let mut cursor = Cursor::at(None);
        let mut told = |event: u64, settled: u64| {
            let begin = cursor.begin(id(event), id(settled));
            let after = cursor.catch_up(id(settled)).unwrap_or_default();
            String::from_utf8([begin, after].concat()).unwrap()
        };
        let with = |event: u64| format!("id: {}\ndata: ", id(event));
        assert_eq!(told(1, 1), with(1));
        // The third and the fourth are quicker than the second.
        assert_eq!(told(3, 1), "data: ");
        assert_eq!(told(4, 1), "data: ");
        assert_eq!(told(2, 4), format!("{}id: {}\n\n", with(2), id(4)));
        // Never back.
        assert_eq!(told(3, 4), "data: ");
        assert_eq!(told(5, 6), with(5));
        assert!(!cursor.is_ahead());
    }
}
