//! Behaviours that are broken on purpose, one in a run, so that an oracle has something to notice.

use footbridge_journal::memory::Mutant;

/// The broken behaviour of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Broken {
    #[default]
    Nothing,
    /// The store breaks a law.
    Store(Mutant),
    /// The network carries each request to its receiver twice.
    RequestsTwice,
    /// The launcher reports that an app did not start, although it runs.
    StartsUnreported,
    /// The launcher gives a run another secret than the server has chosen.
    SecretsMixedUp,
    /// The clock is half a minute ahead after every ten seconds.
    HastyClock,
    /// A page is not told every fifth event.
    LiveDrops,
    /// A page is told every fifth event twice.
    LiveRepeats,
}

impl Broken {
    /// The law that the store breaks.
    pub(crate) const fn law(self) -> Option<Mutant> {
        if let Self::Store(mutant) = self { Some(mutant) } else { None }
    }
}
