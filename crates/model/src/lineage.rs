//! Lineage: the chain of events that caused an event. It is stored with every event, so that loops of apps or functions are
//! stopped.

use crate::id::EventId;

/// An event of this depth is not published.
pub const STOP_DEPTH: u32 = 16;

/// The position of an event in the chain of events that caused it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lineage {
    /// The number of events that led to it; 0 if no event caused it.
    pub depth: u32,
    /// The event that caused it directly.
    pub cause: Option<EventId>,
    /// The first event of the chain.
    pub root: Option<EventId>,
}

impl Lineage {
    /// The lineage of an event that `cause` has caused. `of_cause` is the lineage of `cause`.
    ///
    /// ```
    /// use footbridge_model::id::EventId;
    /// use footbridge_model::lineage::Lineage;
    ///
    /// let (first, second) = (EventId::from_number(1), EventId::from_number(2));
    /// let lineage = Lineage::after(second, Lineage::after(first, Lineage::default()));
    /// assert_eq!((lineage.depth, lineage.root), (2, Some(first)));
    /// ```
    #[must_use]
    pub fn after(cause: EventId, of_cause: Self) -> Self {
        let depth = of_cause.depth.saturating_add(1);
        Self { depth, cause: Some(cause), root: of_cause.root.or(Some(cause)) }
    }

    /// Returns true if an event of this lineage must not be published.
    pub const fn is_too_deep(&self) -> bool {
        self.depth >= STOP_DEPTH
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_keeps_its_root_and_ends() {
        let id = EventId::from_number;
        let mut lineage = Lineage::default();
        for number in 1..=u64::from(STOP_DEPTH) {
            assert!(!lineage.is_too_deep());
            lineage = Lineage::after(id(number), lineage);
            assert_eq!((lineage.cause, lineage.root), (Some(id(number)), Some(id(1))));
        }
        assert!(lineage.is_too_deep());
    }
}
