//! Which session should own which partition: the same answer on every server, without a leader.

use footbridge_journal::{Partition, Session};

/// The session that should own a partition (rendezvous hashing). When a session joins or ends, only the partitions that
/// it gains or loses move.
pub(super) fn owner(partition: Partition, sessions: &[Session]) -> Option<Session> {
    sessions.iter().copied().max_by_key(|session| (weight(partition, *session), *session))
}

/// A number that looks random and is the same everywhere (the finalizer of `SplitMix64`).
const fn weight(partition: Partition, session: Session) -> u64 {
    let mut mixed = partition.0.rotate_left(32) ^ session.0.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_are_shared_evenly_and_few_move() {
        let three = [Session(4), Session(5), Session(9)];
        let count = |session| {
            Partition::fixed().filter(|partition| owner(*partition, &three) == Some(session)).count()
        };
        for session in three {
            assert!((60..115).contains(&count(session)), "{session}: {}", count(session));
        }
        for partition in Partition::fixed() {
            let (before, after) = (owner(partition, &three), owner(partition, &three[..2]));
            assert!(before == after || before == Some(Session(9)), "{partition} moved without need");
        }
        assert_eq!(owner(Partition(1), &[]), None);
    }
}
