//! The port of sessions: one server has the file, and owns every partition.

use crate::join;
use crate::journal::SqliteJournal;
use footbridge_journal::{
    BeatNumber, Burial, Claim, Cluster, Hint, Hints, Joined, NodeCard, Partition, Pulse, Session, Wait,
};
use footbridge_model::id::EventId;
use footbridge_model::time::Millis;

/// The bytes that a session writes, roughly.
const ROW: usize = 128;

impl Cluster for SqliteJournal {
    fn join(&self, _: NodeCard, now: Millis) -> Wait<Joined> {
        self.writer.ask(ROW, move |txn| join::join(txn, now))
    }

    fn beat(&self, floor: EventId, now: Millis) -> Wait<Pulse> {
        self.writer.ask(0, move |txn| {
            let (number, version) = (BeatNumber::default(), txn.state.version);
            Ok(Pulse { number, clock: now, version, horizon: floor, peers: Vec::new() })
        })
    }

    fn claim(&self, partitions: Vec<Partition>) -> Wait<Vec<Claim>> {
        self.writer.ask(0, move |txn| {
            let session = txn.state.session;
            Ok(partitions.iter().map(|partition| Claim::exclusive(session, *partition)).collect())
        })
    }

    fn release(&self, _: Vec<Claim>) -> Wait<()> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn bury(&self, session: Session, _: BeatNumber, _: Millis) -> Wait<Burial> {
        self.writer.ask(0, move |txn| {
            Ok(if session == txn.state.session { Burial::StillBeating } else { Burial::AlreadyOver })
        })
    }

    fn hint(&self, _: Hint) {}

    fn hints(&self) -> Wait<Hints> {
        Box::pin(std::future::pending())
    }

    fn leave(&self) -> Wait<()> {
        self.writer.ask(0, |txn| {
            txn.state.session = Session::default();
            Ok(())
        })
    }
}
