//! Which event caused which: kept with every event, so that a circle of apps or functions comes to an end.

use crate::id::EventId;

/// An event that would be so deep is not published.
pub const STOP_DEPTH: u32 = 16;

/// Where an event stands in the chain of those that caused it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lineage {
    /// How many events led to it; 0 for one that no event caused.
    pub depth: u32,
    /// The event that caused it.
    pub cause: Option<EventId>,
    /// The first of the chain.
    pub root: Option<EventId>,
}

impl Lineage {
    /// The lineage of what an event causes, whose own is `its`.
    #[must_use]
    pub fn after(cause: EventId, its: Self) -> Self {
        Self { depth: its.depth.saturating_add(1), cause: Some(cause), root: its.root.or(Some(cause)) }
    }

    /// Whether an event of this lineage is not published.
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
