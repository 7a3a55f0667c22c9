//! The cursor of a stream: the last event id up to which the page has every event.

use super::cursor_token::CursorToken;
use bytes::Bytes;
use footbridge_model::id::EventId;
use std::collections::BTreeSet;

/// The cursor of one stream.
#[derive(Debug)]
pub(super) struct Cursor {
    /// The position that the page would resume from.
    last: Option<EventId>,
    /// Events that were sent while an earlier one was still uncommitted.
    ahead: BTreeSet<EventId>,
}

impl Cursor {
    pub(super) const fn at(last: Option<EventId>) -> Self {
        Self { last, ahead: BTreeSet::new() }
    }

    /// Returns true if events were sent that the cursor has not [reached](Self::advance) yet.
    pub(super) fn is_behind(&self) -> bool {
        !self.ahead.is_empty()
    }

    /// Returns the beginning of an event's frame, with an `id:` line if the page already has every earlier event.
    pub(super) fn begin(&mut self, id: EventId, watermark: EventId) -> Bytes {
        let moves = self.last.is_none_or(|last| id > last);
        if moves && id <= watermark {
            self.last = Some(id);
            return format!("id: {}\ndata: ", CursorToken(id)).into();
        }
        if moves {
            self.ahead.insert(id);
        }
        Bytes::from_static(b"data: ")
    }

    /// Advances to the last event sent ahead that is within the watermark, and returns a frame with an `id:` line alone.
    pub(super) fn advance(&mut self, watermark: EventId) -> Option<Bytes> {
        let reached = self.ahead.range(..=watermark).next_back().copied()?;
        self.ahead.retain(|id| *id > reached);
        let moves = self.last.is_none_or(|last| reached > last);
        moves.then(|| {
            self.last = Some(reached);
            format!("id: {}\n\n", CursorToken(reached)).into()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_line_follows_once_all_earlier_events_were_sent() {
        let id = EventId::from_number;
        let mut cursor = Cursor::at(None);
        let mut sent = |event: u64, watermark: u64| {
            let begin = cursor.begin(id(event), id(watermark));
            let after = cursor.advance(id(watermark)).unwrap_or_default();
            String::from_utf8([begin, after].concat()).unwrap()
        };
        let line = |event: u64| format!("id: {}\n", CursorToken(id(event)));
        let with = |event: u64| format!("{}data: ", line(event));
        assert_eq!(sent(1, 1), with(1));
        // The third and the fourth are committed before the second.
        assert_eq!(sent(3, 1), "data: ");
        assert_eq!(sent(4, 1), "data: ");
        assert_eq!(sent(2, 4), format!("{}{}\n", with(2), line(4)));
        // The cursor never goes back.
        assert_eq!(sent(3, 4), "data: ");
        assert_eq!(sent(5, 6), with(5));
        assert!(!cursor.is_behind());
    }
}
