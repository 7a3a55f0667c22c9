//! Limits how many attempts run at the same time: in total, per app, and to slow receivers.

use footbridge_model::name::AppName;
use std::collections::HashMap;

/// The most attempts to receivers that answer within a second, as far as is known.
const MAX_FAST: usize = 256;
/// The most attempts to receivers that answer late or not at all. They never take the permits of fast receivers.
const MAX_SLOW: usize = 256;
/// The most attempts to receivers that hold on to requests and never answer. Their deliveries keep to their retry
/// schedule, at the cost of no other receiver.
const MAX_HANGING: usize = 512;
/// The most attempts to the hooks of one app. Attempts to hanging receivers are counted separately.
const MAX_PER_APP: usize = 64;
/// The most attempts in total, including those whose permit was released while they wait for an optional answer:
/// each may hold a connection.
const MAX_RUNNING: usize = 2048;

/// The group of receivers that a permit is counted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Pool {
    /// Receivers that answer within a second.
    Fast,
    /// Receivers that take longer, or whose last attempt failed.
    Slow,
    /// Receivers that have failed several times in a row, each time after more than a second.
    Hanging,
}

/// The limit that keeps an attempt from starting.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Exhausted {
    /// The limit of attempts in total.
    Total,
    /// The limit of a pool.
    Pool(Pool),
    /// The limit of the app.
    App(AppName),
    /// The limit of the app for hanging receivers.
    AppHanging(AppName),
}

impl Exhausted {
    /// The limit of an app in a pool.
    pub(super) fn app(app: &AppName, pool: Pool) -> Self {
        match pool {
            Pool::Fast | Pool::Slow => Self::App(app.clone()),
            Pool::Hanging => Self::AppHanging(app.clone()),
        }
    }
}

/// Counts the permits that are taken.
#[derive(Debug, Default)]
pub(super) struct AttemptPermits {
    fast: usize,
    slow: usize,
    hanging: usize,
    apps: HashMap<AppName, usize>,
    apps_hanging: HashMap<AppName, usize>,
    /// Attempts in flight, including those whose permit was released.
    running: usize,
}

impl AttemptPermits {
    /// Checks that an attempt may start now.
    ///
    /// # Errors
    /// The limit that is reached.
    pub(super) fn check(&self, app: &AppName, pool: Pool) -> Result<(), Exhausted> {
        if self.running >= MAX_RUNNING {
            return Err(Exhausted::Total);
        }
        let is_full = match pool {
            Pool::Fast => self.fast >= MAX_FAST,
            Pool::Slow => self.slow >= MAX_SLOW,
            Pool::Hanging => self.hanging >= MAX_HANGING,
        };
        if is_full {
            return Err(Exhausted::Pool(pool));
        }
        let apps = if pool == Pool::Hanging { &self.apps_hanging } else { &self.apps };
        if apps.get(app).is_some_and(|taken| *taken >= MAX_PER_APP) {
            Err(Exhausted::app(app, pool))
        } else {
            Ok(())
        }
    }

    /// Takes a permit for an attempt that [`Self::check`] has allowed.
    pub(super) fn acquire(&mut self, app: &AppName, pool: Pool) {
        debug_assert_eq!(self.check(app, pool), Ok(()), "an attempt starts above a limit");
        self.running += 1;
        *self.pool(pool) += 1;
        *self.apps(pool).entry(app.clone()).or_default() += 1;
    }

    /// Counts an attempt that needs no permit.
    pub(super) const fn start_without_permit(&mut self) {
        self.running += 1;
    }

    /// Moves the permit of an attempt that has become slow, so that it no longer counts as fast.
    ///
    /// The slow pool may exceed its limit by this; then no slow attempt starts until it is below the limit again.
    pub(super) fn move_to_slow(&mut self) {
        debug_assert!(self.fast > 0, "no fast attempt holds a permit");
        self.fast = self.fast.saturating_sub(1);
        self.slow += 1;
    }

    /// Releases the permit of an attempt. The attempt still counts as running.
    pub(super) fn release(&mut self, app: &AppName, pool: Pool) {
        let count = self.pool(pool);
        debug_assert!(*count > 0, "a permit of {pool:?} is released twice");
        *count = count.saturating_sub(1);
        let apps = self.apps(pool);
        debug_assert!(apps.contains_key(app), "a permit of {app} is released twice");
        if let Some(taken) = apps.get_mut(app) {
            *taken = taken.saturating_sub(1);
            if *taken == 0 {
                apps.remove(app);
            }
        }
    }

    /// Counts an attempt that has ended.
    pub(super) fn end(&mut self) {
        debug_assert!(self.running > 0, "an attempt has ended twice");
        self.running = self.running.saturating_sub(1);
    }

    /// The number of attempts in flight, including those whose permit was released.
    pub(super) const fn running(&self) -> usize {
        self.running
    }

    const fn pool(&mut self, pool: Pool) -> &mut usize {
        match pool {
            Pool::Fast => &mut self.fast,
            Pool::Slow => &mut self.slow,
            Pool::Hanging => &mut self.hanging,
        }
    }

    const fn apps(&mut self, pool: Pool) -> &mut HashMap<AppName, usize> {
        match pool {
            Pool::Fast | Pool::Slow => &mut self.apps,
            Pool::Hanging => &mut self.apps_hanging,
        }
    }
}
