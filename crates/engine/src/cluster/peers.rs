//! Decides which sessions of other servers have to be ended.

use super::lease::HOLD_FOR;
use footbridge_journal::{BeatNumber, Peer, Session};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// The longest time between two answers in which this server's own beats count as uninterrupted.
const UNINTERRUPTED: Duration = Duration::from_secs(3);

/// The beats of other sessions, as this server saw them.
///
/// A silent session is ended only if this server saw the same beat number for [`HOLD_FOR`] *while its own beats were
/// answered*. After an outage of the store everybody was silent, and nobody has died.
#[derive(Debug, Default)]
pub(super) struct PeerWatch {
    seen: BTreeMap<Session, (BeatNumber, Instant)>,
    answered: Option<Instant>,
}

impl PeerWatch {
    /// Takes the other sessions from the answer to a beat. Returns the silent ones with their last beat.
    pub(super) fn observe(&mut self, peers: &[Peer], now: Instant) -> Vec<(Session, BeatNumber)> {
        let interrupted = self.answered.is_none_or(|last| now.duration_since(last) > UNINTERRUPTED);
        self.answered = Some(now);
        self.seen.retain(|session, _| peers.iter().any(|peer| peer.session == *session));
        let mut silent = Vec::new();
        for peer in peers {
            let seen = self.seen.entry(peer.session).or_insert((peer.beat, now));
            if interrupted || seen.0 != peer.beat {
                *seen = (peer.beat, now);
            } else if now.duration_since(seen.1) >= HOLD_FOR {
                silent.push((peer.session, peer.beat));
            }
        }
        silent
    }

    /// Takes this server's own beats for uninterrupted.
    #[cfg(feature = "test")]
    pub(super) fn forget_interruptions(&mut self) {
        self.answered = self.answered.map(|_| Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use footbridge_journal::NodeCard;

    fn peer(session: u64, beat: u64) -> Peer {
        Peer { session: Session(session), node: NodeCard::default(), beat: BeatNumber(beat) }
    }

    /// The sessions found silent at each of these seconds, in which peer 1 sends the beats given and peer 2 always beats.
    fn silent(answers: &[(u64, u64)]) -> Vec<Vec<u64>> {
        let (mut watch, start) = (PeerWatch::default(), Instant::now());
        let at = |&(second, beat): &(u64, u64)| {
            let found = watch
                .observe(&[peer(1, beat), peer(2, second)], start + Duration::from_secs(second))
                .into_iter();
            found.map(|(session, _)| session.0).collect()
        };
        answers.iter().map(at).collect()
    }

    #[test]
    fn a_session_is_silent_after_ten_seconds_of_answered_beats() {
        let seconds: Vec<_> = (0..=11).map(|second| (second, 7)).collect();
        let found = silent(&seconds);
        assert!(found[..10].iter().all(Vec::is_empty), "{found:?}");
        assert_eq!(found[10..], [vec![1], vec![1]]);
    }

    #[test]
    fn a_beat_in_between_starts_the_count_again() {
        let seconds: Vec<_> = (0..=12).map(|second| (second, if second < 5 { 7 } else { 8 })).collect();
        assert!(silent(&seconds).iter().all(Vec::is_empty));
    }

    #[test]
    fn nobody_is_silent_after_an_outage_of_the_store() {
        let outage = [(0, 7), (1, 7), (2, 7), (40, 7), (41, 7), (42, 7), (45, 7), (49, 7)];
        assert!(silent(&outage).iter().all(Vec::is_empty));
    }
}
