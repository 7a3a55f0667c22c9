//! Gives partitions to other servers, once nothing of them is in flight.

use super::lane::Lane;
use crate::lanes::HandOver;
use crate::registry::AppRegistry;
use footbridge_model::id::HookId;
use std::collections::{BTreeSet, HashMap};

/// The hooks with an attempt in flight, or a result that is not written.
pub(super) fn busy_hooks(lanes: &HashMap<HookId, Lane>) -> impl Iterator<Item = HookId> {
    lanes.iter().filter(|(_, lane)| lane.total_in_flight() > 0).map(|(hook, _)| *hook)
}

/// Drops the hand-overs whose partitions have no busy hook, which tells whoever waits for them.
pub(super) fn finish(hand_overs: &mut Vec<HandOver>, lanes: &HashMap<HookId, Lane>, registry: &AppRegistry) {
    if hand_overs.is_empty() {
        return;
    }
    let index = registry.index.load();
    let busy: BTreeSet<_> = busy_hooks(lanes).filter_map(|hook| Some(index.hook(hook)?.partition)).collect();
    hand_overs.retain(|hand_over| !hand_over.partitions.is_disjoint(&busy));
}
