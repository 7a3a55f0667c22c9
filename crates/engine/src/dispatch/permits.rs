//! How many attempts run at once: in all, for one app, and to receivers that take their time.

use footbridge_model::name::AppName;
use std::collections::HashMap;

/// Attempts to receivers that answer soon, as far as is known.
const QUICK: usize = 256;
/// Attempts to receivers that answer late or not at all: they never take the others' places.
const SLOW: usize = 256;
/// Attempts to receivers that hold on to requests and never answer: what waits for them shall get on with its
/// schedule, at nobody else's cost.
const HANGING: usize = 512;
/// Those of one app's hooks; what hangs is counted apart.
const APP: usize = 64;
/// All attempts, those whose lane has gone on without them too: each may hold a connection.
const ALL: usize = 2048;

/// Which places an attempt is counted under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Pool {
    /// For receivers that answer soon.
    Quick,
    /// For those that do not.
    Slow,
    /// For those that have not answered for a while, and take their time over it.
    Hanging,
}

/// Whose places are all taken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Taken {
    /// Everybody's.
    All,
    /// Those for receivers of this kind.
    Pool(Pool),
    /// Those of the app.
    App(AppName),
    /// Those of the app for receivers that hang.
    HangingOf(AppName),
}

impl Taken {
    /// Those of an app in a pool.
    pub(super) fn of(app: &AppName, pool: Pool) -> Self {
        match pool {
            Pool::Quick | Pool::Slow => Self::App(app.clone()),
            Pool::Hanging => Self::HangingOf(app.clone()),
        }
    }
}

/// The places that are taken.
#[derive(Debug, Default)]
pub(super) struct Permits {
    quick: usize,
    slow: usize,
    hanging: usize,
    apps: HashMap<AppName, usize>,
    apps_hanging: HashMap<AppName, usize>,
    /// Attempts under way, those that hold no place any more too.
    running: usize,
}

impl Permits {
    /// Whether an attempt may begin.
    pub(super) fn check(&self, app: &AppName, pool: Pool) -> Result<(), Taken> {
        if self.running >= ALL {
            return Err(Taken::All);
        }
        let full = match pool {
            Pool::Quick => self.quick >= QUICK,
            Pool::Slow => self.slow >= SLOW,
            Pool::Hanging => self.hanging >= HANGING,
        };
        if full {
            return Err(Taken::Pool(pool));
        }
        let apps = if pool == Pool::Hanging { &self.apps_hanging } else { &self.apps };
        if apps.get(app).is_some_and(|taken| *taken >= APP) { Err(Taken::of(app, pool)) } else { Ok(()) }
    }

    /// An attempt begins.
    pub(super) fn take(&mut self, app: &AppName, pool: Pool) {
        self.running += 1;
        *self.count(pool) += 1;
        *self.apps(pool).entry(app.clone()).or_default() += 1;
    }

    /// An attempt begins that needs no place.
    pub(super) const fn begin(&mut self) {
        self.running += 1;
    }

    /// An attempt takes long: it shall no longer stand in the way of those that do not.
    pub(super) fn slow_down(&mut self) {
        self.quick = self.quick.saturating_sub(1);
        self.slow += 1;
    }

    /// An attempt gives its place back.
    pub(super) fn give_back(&mut self, app: &AppName, pool: Pool) {
        let count = self.count(pool);
        *count = count.saturating_sub(1);
        let apps = self.apps(pool);
        if let Some(taken) = apps.get_mut(app) {
            *taken = taken.saturating_sub(1);
            if *taken == 0 {
                apps.remove(app);
            }
        }
    }

    /// An attempt has ended.
    pub(super) fn end(&mut self) {
        self.running = self.running.saturating_sub(1);
    }

    /// How many attempts are under way.
    pub(super) const fn running(&self) -> usize {
        self.running
    }

    const fn count(&mut self, pool: Pool) -> &mut usize {
        match pool {
            Pool::Quick => &mut self.quick,
            Pool::Slow => &mut self.slow,
            Pool::Hanging => &mut self.hanging,
        }
    }

    const fn apps(&mut self, pool: Pool) -> &mut HashMap<AppName, usize> {
        match pool {
            Pool::Quick | Pool::Slow => &mut self.apps,
            Pool::Hanging => &mut self.apps_hanging,
        }
    }
}
