//! Ways in which a store may break the laws. The contract suite must catch each.

use crate::{DeliveryResult, NewEvent};
use bytes::Bytes;
use footbridge_model::exchange::ExchangeOutcome;
use footbridge_model::lineage::Lineage;
use std::sync::Arc;

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
    /// Law 5: a claim takes a partition from its owner, whose results are still stored.
    TwoOwners,
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
    /// Every third result is lost, although the call succeeds.
    LosesResults,
    /// Results are stored some calls later, and lost at a restart.
    HoldsResultsBack,
    /// The next attempt is due when the last one began.
    ForgetsWaits,
    /// Ordered deliveries are due in reverse.
    DueInReverse,
    /// An event is stored without its last delivery.
    DropsADelivery,
    /// Skipped deliveries are stored as pending.
    DeliversSkipped,
    /// The store keeps no idempotency keys.
    ForgetsKeys,
    /// Events are stored without their lineage.
    ForgetsLineage,
    /// The answer of an exchange is stored as another one.
    ChangesAnswers,
    /// The first missed event is left out.
    SkipsMissedEvents,
    /// Missed events that are no longer stored are not mentioned.
    HidesGaps,
    /// Retention deletes events with pending deliveries.
    PrunesPending,
    /// Retention deletes no event, however old.
    PrunesNothing,
}

impl Mutant {
    /// All mutants, for the test of the suite.
    pub const ALL: [Self; 29] = [
        Self::LosesTheLatestEvent,
        Self::DueLagsBehind,
        Self::KeepsHalf,
        Self::ForgetsCancelled,
        Self::FenceUnchecked,
        Self::ClaimUnchecked,
        Self::TwoOwners,
        Self::BurialKeepsPartitions,
        Self::BuriesTheLiving,
        Self::LastWriterWins,
        Self::VersionHole,
        Self::StaleAccepted,
        Self::HorizonGoesBack,
        Self::HorizonIgnoresTheSilent,
        Self::RecordsTwice,
        Self::AdmitsASecond,
        Self::LosesResults,
        Self::HoldsResultsBack,
        Self::ForgetsWaits,
        Self::DueInReverse,
        Self::DropsADelivery,
        Self::DeliversSkipped,
        Self::ForgetsKeys,
        Self::ForgetsLineage,
        Self::ChangesAnswers,
        Self::SkipsMissedEvents,
        Self::HidesGaps,
        Self::PrunesPending,
        Self::PrunesNothing,
    ];

    /// Changes an event before it is stored.
    pub(super) fn spoil_event(self, new: &mut NewEvent) {
        match self {
            Self::DropsADelivery => drop(new.deliveries.pop()),
            Self::DeliversSkipped => {
                new.deliveries.extend(new.skipped.drain(..).map(|(delivery, _)| delivery));
            }
            Self::ForgetsKeys => new.key = None,
            Self::ForgetsLineage => Arc::make_mut(&mut new.event).lineage = Lineage::default(),
            _ => {}
        }
    }

    /// Changes a result before it is stored.
    pub(super) fn spoil_result(self, result: &mut DeliveryResult) {
        if self == Self::ForgetsWaits && result.next_attempt_at.is_some() {
            result.next_attempt_at = result.attempt.as_ref().map(|attempt| attempt.at);
        }
    }

    /// Changes the end of an exchange before it is stored.
    pub(super) fn spoil_ending(self, ending: &mut ExchangeOutcome) {
        if let (Self::ChangesAnswers, ExchangeOutcome::Answered(answer)) = (self, ending) {
            *answer = Bytes::from_static(b"{\"changed\":true}");
        }
    }
}
