//! The claims of this server: the lanes whose deliveries it sends.

use arc_swap::ArcSwap;
use footbridge_journal::{Claim, Joined, Lane, Session};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The lanes that this server's session owns. Clones are cheap and share the lanes.
#[derive(Debug, Clone)]
pub(crate) struct Claims {
    session: Session,
    /// `None` if the session owns every lane.
    lanes: Option<Arc<ArcSwap<BTreeMap<Lane, Claim>>>>,
}

impl Claims {
    /// The claims of a session that has just begun: all lanes of an exclusive store, none of a shared one.
    pub(crate) fn of(joined: &Joined) -> Self {
        Self { session: joined.session, lanes: (!joined.exclusive).then(Arc::default) }
    }

    /// Returns true if the session owns every lane, for as long as it lives.
    pub(crate) const fn is_exclusive(&self) -> bool {
        self.lanes.is_none()
    }

    /// The session.
    pub(crate) const fn session(&self) -> Session {
        self.session
    }

    /// Returns the claim on a lane, if the session owns it.
    pub(crate) fn get(&self, lane: Lane) -> Option<Claim> {
        match &self.lanes {
            None => Some(Claim::exclusive(self.session, lane)),
            Some(lanes) => lanes.load().get(&lane).copied(),
        }
    }

    /// Returns a claim for a hook that is deleted, so that its lane is no longer known. There is none in a shared store,
    /// where the owner of the lane cancels its deliveries with [`waiting`](footbridge_journal::DeliveryQueue::waiting).
    pub(crate) fn of_deleted_hook(&self) -> Option<Claim> {
        self.is_exclusive().then(|| Claim::exclusive(self.session, Lane::default()))
    }

    /// Returns all claims; none for an exclusive session, which need not name any.
    pub(crate) fn all(&self) -> Vec<Claim> {
        self.lanes.iter().flat_map(|lanes| lanes.load().values().copied().collect::<Vec<_>>()).collect()
    }

    /// Adds claims that the store has given.
    pub(crate) fn insert(&self, claims: &[Claim]) {
        self.change(|lanes| lanes.extend(claims.iter().map(|claim| (claim.lane, *claim))));
    }

    /// Removes a lane that another server owns, or that is given back.
    pub(crate) fn remove(&self, lane: Lane) {
        self.change(|lanes| {
            lanes.remove(&lane);
        });
    }

    /// Removes all lanes: the session is over. Returns true if there were any.
    pub(crate) fn clear(&self) -> bool {
        self.lanes.as_ref().is_some_and(|lanes| !lanes.swap(Arc::default()).is_empty())
    }

    fn change(&self, change: impl Fn(&mut BTreeMap<Lane, Claim>)) {
        let Some(lanes) = &self.lanes else { return };
        lanes.rcu(|before| {
            let mut next = BTreeMap::clone(before);
            change(&mut next);
            next
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use footbridge_journal::Epoch;

    #[test]
    fn a_session_has_all_lanes_or_those_it_was_given() {
        let exclusive = Joined { session: Session(7), exclusive: true, ..Joined::default() };
        let claims = Claims::of(&exclusive);
        claims.remove(Lane(3));
        assert!(!claims.clear());
        assert_eq!(claims.get(Lane(3)), Some(Claim::exclusive(Session(7), Lane(3))));

        let claims = Claims::of(&Joined { exclusive: false, ..exclusive });
        let claim = |lane, epoch| Claim { session: Session(7), lane: Lane(lane), epoch: Epoch(epoch) };
        assert_eq!((claims.get(Lane(3)), claims.of_deleted_hook()), (None, None));
        claims.insert(&[claim(3, 1), claim(4, 1)]);
        claims.insert(&[claim(3, 2)]);
        assert_eq!(claims.get(Lane(3)), Some(claim(3, 2)));
        claims.remove(Lane(3));
        assert_eq!(claims.all(), [claim(4, 1)]);
        assert!(claims.clear() && claims.all().is_empty());
    }
}
