//! The attempts that hold a permit, and when each of them started.

use super::permits::Pool;
use footbridge_model::id::{DeliveryId, HookId};
use std::collections::{HashMap, VecDeque};
use std::time::Duration;
use tokio::time::Instant;

/// An attempt that takes at least this long counts as slow.
pub(super) const SLOW_AFTER: Duration = Duration::from_secs(1);

/// The attempts that hold a permit, by delivery.
#[derive(Debug, Default)]
pub(super) struct InFlightTable {
    pools: HashMap<DeliveryId, Pool>,
    /// Attempts of [`Pool::Fast`] in the order in which they started. An entry may outlive its attempt.
    started: VecDeque<(Instant, DeliveryId, HookId)>,
}

impl InFlightTable {
    /// Adds an attempt that has taken a permit of `pool`.
    pub(super) fn insert(&mut self, delivery: DeliveryId, hook: HookId, pool: Pool) {
        let previous = self.pools.insert(delivery, pool);
        debug_assert_eq!(previous, None, "{delivery} is attempted twice at the same time");
        if pool == Pool::Fast {
            self.started.push_back((Instant::now(), delivery, hook));
        }
    }

    /// Removes an attempt; returns the pool of its permit, or `None` if the permit was released before.
    pub(super) fn remove(&mut self, delivery: DeliveryId) -> Option<Pool> {
        self.pools.remove(&delivery)
    }

    /// Moves the next attempt that has become slow to [`Pool::Slow`]; returns its hook.
    pub(super) fn next_slow(&mut self, now: Instant) -> Option<HookId> {
        while let Some((started, delivery, hook)) = self.started.front().copied() {
            let pool = self.pools.get_mut(&delivery).filter(|pool| **pool == Pool::Fast);
            if pool.is_some() && now.duration_since(started) < SLOW_AFTER {
                return None;
            }
            self.started.pop_front();
            if let Some(pool) = pool {
                *pool = Pool::Slow;
                return Some(hook);
            }
        }
        None
    }

    /// The earliest time at which an attempt may become slow.
    pub(super) fn next_slow_at(&self) -> Option<Instant> {
        self.started.front().map(|(started, ..)| *started + SLOW_AFTER)
    }
}
