//! The claims of this server: the partitions whose deliveries it sends.

use arc_swap::ArcSwap;
use footbridge_journal::{Claim, Joined, Partition, Session};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::Notify;

/// The partitions that this server's session owns. Clones are cheap and share the partitions.
#[derive(Debug, Clone)]
pub(crate) struct Claims {
    session: Session,
    /// `None` if the session owns every partition.
    partitions: Option<Arc<ClaimedPartitions>>,
}

/// The partitions that a session of a shared store owns.
#[derive(Debug, Default)]
struct ClaimedPartitions {
    claims: ArcSwap<BTreeMap<Partition, Claim>>,
    changed: Notify,
}

impl Claims {
    /// The claims of a session that has just begun: all partitions of an exclusive store, none of a shared one.
    pub(crate) fn of(joined: &Joined) -> Self {
        Self { session: joined.session, partitions: (!joined.exclusive).then(Arc::default) }
    }

    /// Returns true if the session owns every partition, for as long as it lives.
    pub(crate) const fn is_exclusive(&self) -> bool {
        self.partitions.is_none()
    }

    /// The session.
    pub(crate) const fn session(&self) -> Session {
        self.session
    }

    /// Returns the claim on a partition, if the session owns it.
    pub(crate) fn get(&self, partition: Partition) -> Option<Claim> {
        match &self.partitions {
            None => Some(Claim::exclusive(self.session, partition)),
            Some(partitions) => partitions.claims.load().get(&partition).copied(),
        }
    }

    /// Returns a claim for a hook that is deleted, so that its partition is no longer known. There is none in a shared
    /// store, where the owner of the partition cancels its deliveries with
    /// [`waiting`](footbridge_journal::DeliveryQueue::waiting).
    pub(crate) fn of_deleted_hook(&self) -> Option<Claim> {
        self.is_exclusive().then(|| Claim::exclusive(self.session, Partition::default()))
    }

    /// Returns all claims; none for an exclusive session, which need not name any.
    pub(crate) fn all(&self) -> Vec<Claim> {
        self.partitions
            .iter()
            .flat_map(|partitions| partitions.claims.load().values().copied().collect::<Vec<_>>())
            .collect()
    }

    /// Adds claims that the store has given.
    pub(crate) fn insert(&self, claims: &[Claim]) {
        debug_assert!(
            claims.iter().all(|claim| claim.session == self.session),
            "a claim of another session was given: {claims:?}"
        );
        self.change(|partitions| partitions.extend(claims.iter().map(|claim| (claim.partition, *claim))));
    }

    /// Removes a partition that another server owns, or that is given back.
    pub(crate) fn remove(&self, partition: Partition) {
        self.change(|partitions| {
            partitions.remove(&partition);
        });
    }

    /// Removes all partitions: the session is over. Returns true if there were any.
    pub(crate) fn clear(&self) -> bool {
        let Some(partitions) = &self.partitions else { return false };
        let had_some = !partitions.claims.swap(Arc::default()).is_empty();
        if had_some {
            partitions.changed.notify_one();
        }
        had_some
    }

    /// Waits until partitions were added or removed since the last call; for ever if the session owns them all. One
    /// task may wait.
    pub(crate) async fn changed(&self) {
        match &self.partitions {
            Some(partitions) => partitions.changed.notified().await,
            None => std::future::pending().await,
        }
    }

    fn change(&self, change: impl Fn(&mut BTreeMap<Partition, Claim>)) {
        let Some(partitions) = &self.partitions else { return };
        partitions.claims.rcu(|before| {
            let mut next = BTreeMap::clone(before);
            change(&mut next);
            next
        });
        partitions.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use footbridge_journal::Epoch;

    #[test]
    fn a_session_has_all_partitions_or_those_it_was_given() {
        let exclusive = Joined { session: Session(7), exclusive: true, ..Joined::default() };
        let claims = Claims::of(&exclusive);
        claims.remove(Partition(3));
        assert!(!claims.clear());
        assert_eq!(claims.get(Partition(3)), Some(Claim::exclusive(Session(7), Partition(3))));

        let claims = Claims::of(&Joined { exclusive: false, ..exclusive });
        let claim = |partition, epoch| Claim {
            session: Session(7),
            partition: Partition(partition),
            epoch: Epoch(epoch),
        };
        assert_eq!((claims.get(Partition(3)), claims.of_deleted_hook()), (None, None));
        claims.insert(&[claim(3, 1), claim(4, 1)]);
        claims.insert(&[claim(3, 2)]);
        assert_eq!(claims.get(Partition(3)), Some(claim(3, 2)));
        claims.remove(Partition(3));
        assert_eq!(claims.all(), [claim(4, 1)]);
        assert!(claims.clear() && claims.all().is_empty());
    }
}
