//! Ways in which a store may break the laws. The contract suite must catch each.

/// A law or promise that the store breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mutant {
    /// Law 1: the latest event is lost at a restart.
    LosesTheLatestEvent,
    /// Law 2: `due` does not see the latest results.
    DueLagsBehind,
    /// Law 3: what an attempt came to is stored although the events it published are not.
    KeepsHalf,
    /// Law 4: cancelled deliveries are not counted.
    ForgetsCancelled,
    /// Law 5: a session that is over may write.
    FenceUnchecked,
    /// Law 5: a partition may be written under an old claim.
    ClaimUnchecked,
    /// Law 5: burial leaves the partitions with their owner.
    BurialKeepsPartitions,
    /// Burial does not ask whether the session has sent a beat since.
    BuriesTheLiving,
    /// Law 6: a change is made whatever version it was checked against.
    LastWriterWins,
    /// Law 6: a list of changes leaves one out.
    VersionHole,
    /// An event is appended although the registry has changed since.
    StaleAccepted,
    /// Law 7: a session that joins pulls the horizon back.
    HorizonGoesBack,
    /// Law 7: the horizon ignores sessions that are silent.
    HorizonIgnoresTheSilent,
    /// A result that was recorded already is recorded again.
    RecordsTwice,
    /// A second session joins an exclusive store.
    AdmitsASecond,
}

impl Mutant {
    /// All mutants, for the test of the suite.
    pub const ALL: [Self; 15] = [
        Self::LosesTheLatestEvent,
        Self::DueLagsBehind,
        Self::KeepsHalf,
        Self::ForgetsCancelled,
        Self::FenceUnchecked,
        Self::ClaimUnchecked,
        Self::BurialKeepsPartitions,
        Self::BuriesTheLiving,
        Self::LastWriterWins,
        Self::VersionHole,
        Self::StaleAccepted,
        Self::HorizonGoesBack,
        Self::HorizonIgnoresTheSilent,
        Self::RecordsTwice,
        Self::AdmitsASecond,
    ];
}
