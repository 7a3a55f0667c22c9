//! Attempts under way that hold a place, and since when.

use super::permits::Pool;
use footbridge_model::id::{DeliveryId, HookId};
use std::collections::{HashMap, VecDeque};
use std::time::Duration;
use tokio::time::Instant;

/// From when on an attempt takes long.
pub(super) const LONG: Duration = Duration::from_secs(1);

/// Attempts by delivery, in the order in which they began.
#[derive(Debug, Default)]
pub(super) struct Flights {
    pools: HashMap<DeliveryId, Pool>,
    begun: VecDeque<(Instant, DeliveryId, HookId)>,
}

impl Flights {
    pub(super) fn begin(&mut self, delivery: DeliveryId, hook: HookId, pool: Pool) {
        self.pools.insert(delivery, pool);
        if pool == Pool::Quick {
            self.begun.push_back((Instant::now(), delivery, hook));
        }
    }

    /// Where the place is that an attempt gives back.
    pub(super) fn end(&mut self, delivery: DeliveryId) -> Option<Pool> {
        self.pools.remove(&delivery)
    }

    /// The hook of an attempt that has begun to take long; it is counted as slow from now on.
    pub(super) fn grown_long(&mut self, now: Instant) -> Option<HookId> {
        while let Some((begun, delivery, hook)) = self.begun.front().copied() {
            let pool = self.pools.get_mut(&delivery).filter(|pool| **pool == Pool::Quick);
            if pool.is_some() && now.duration_since(begun) < LONG {
                return None;
            }
            self.begun.pop_front();
            if let Some(pool) = pool {
                *pool = Pool::Slow;
                return Some(hook);
            }
        }
        None
    }

    /// When the next may have taken long.
    pub(super) fn next_long(&self) -> Option<Instant> {
        self.begun.front().map(|(begun, ..)| *begun + LONG)
    }
}
