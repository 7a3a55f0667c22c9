//! How many attempts run at once: in all, for one app, and for receivers that do not answer.

use footbridge_model::name::AppName;
use std::collections::HashMap;

/// All attempts.
const GLOBAL: usize = 512;
/// Those of one app's hooks.
const APP: usize = 64;
/// Those to receivers that have not answered for a while: they never take all places.
const SUSPECT: usize = GLOBAL / 2;

/// The places that are taken.
#[derive(Debug, Default)]
pub(super) struct Permits {
    all: usize,
    suspect: usize,
    apps: HashMap<AppName, usize>,
}

/// Whose places are all taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// Everybody's.
    All,
    /// The app's.
    App,
    /// Those for receivers that do not answer.
    Suspects,
}

impl Permits {
    /// Whether an attempt may begin.
    pub(super) fn check(&self, app: &AppName, suspect: bool) -> Result<(), Taken> {
        if self.all >= GLOBAL {
            return Err(Taken::All);
        }
        if suspect && self.suspect >= SUSPECT {
            return Err(Taken::Suspects);
        }
        if self.apps.get(app).is_some_and(|taken| *taken >= APP) { Err(Taken::App) } else { Ok(()) }
    }

    pub(super) fn take(&mut self, app: &AppName, suspect: bool) {
        self.all += 1;
        self.suspect += usize::from(suspect);
        *self.apps.entry(app.clone()).or_default() += 1;
    }

    pub(super) fn give_back(&mut self, app: &AppName, suspect: bool) {
        self.all = self.all.saturating_sub(1);
        self.suspect = self.suspect.saturating_sub(usize::from(suspect));
        if let Some(taken) = self.apps.get_mut(app) {
            *taken = taken.saturating_sub(1);
            if *taken == 0 {
                self.apps.remove(app);
            }
        }
    }
}
