//! A command: work for the transaction, and the one who waits for it.

use crate::fault::{Fault, Step};
use crate::txn::Txn;
use footbridge_journal::JournalError;
use tokio::sync::oneshot;

/// What the queue holds.
pub(crate) trait Command: Send {
    /// About how many bytes it writes.
    fn weight(&self) -> usize;

    /// Whether it makes the journal grow: it is refused while the disk is full.
    fn grows(&self) -> bool;

    /// Does its work. May be called again after the transaction was undone.
    ///
    /// # Errors
    /// What the database said; a refusal of the work's own is kept for [`Command::answer`].
    fn run(&mut self, txn: &mut Txn<'_>) -> rusqlite::Result<()>;

    /// Tells who waits, now that the transaction is on disk or was undone.
    fn answer(self: Box<Self>, committed: Result<(), JournalError>);
}

pub(crate) struct Task<T, F> {
    work: F,
    weight: usize,
    grows: bool,
    outcome: Option<Result<T, JournalError>>,
    reply: oneshot::Sender<Result<T, JournalError>>,
}

impl<T, F> Task<T, F>
where
    T: Send,
    F: Fn(&mut Txn<'_>) -> Step<T> + Send,
{
    /// The command, and where its answer arrives.
    pub(crate) fn new(
        weight: usize,
        grows: bool,
        work: F,
    ) -> (Self, oneshot::Receiver<Result<T, JournalError>>) {
        let (reply, answer) = oneshot::channel();
        (Self { work, weight, grows, outcome: None, reply }, answer)
    }
}

impl<T, F> Command for Task<T, F>
where
    T: Send,
    F: Fn(&mut Txn<'_>) -> Step<T> + Send,
{
    fn weight(&self) -> usize {
        self.weight
    }

    fn grows(&self) -> bool {
        self.grows
    }

    fn run(&mut self, txn: &mut Txn<'_>) -> rusqlite::Result<()> {
        self.outcome = match (self.work)(txn) {
            Ok(value) => Some(Ok(value)),
            Err(Fault::Refused(error)) => Some(Err(error)),
            Err(Fault::Sql(error)) => return Err(error),
        };
        Ok(())
    }

    fn answer(self: Box<Self>, committed: Result<(), JournalError>) {
        let Self { outcome, reply, .. } = *self;
        let answer = match (committed, outcome) {
            (Ok(()), Some(outcome)) => outcome,
            (Err(error), _) => Err(error),
            // Dropping the reply tells the waiter that the journal has stopped.
            (Ok(()), None) => return,
        };
        // Whoever asked may have gone; what was written stays written.
        let _ = reply.send(answer);
    }
}
