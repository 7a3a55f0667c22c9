//! A command: work for the transaction, and the caller who awaits it.

use crate::failure::{CommandError, CommandResult};
use crate::txn::Txn;
use footbridge_journal::JournalError;
use tokio::sync::oneshot;

/// An entry of the queue.
pub(crate) trait Command: Send {
    /// The bytes that it writes, roughly.
    fn weight(&self) -> usize;

    /// Returns true if the command makes the journal grow: it is refused while the disk is full.
    fn grows(&self) -> bool;

    /// Does the work. May be called again after the transaction was rolled back.
    ///
    /// # Errors
    /// The error of the database. A refusal of the command is returned by [`Command::answer`].
    fn run(&mut self, txn: &mut Txn<'_>) -> rusqlite::Result<()>;

    /// Answers the caller, after the transaction was committed or rolled back.
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
    F: Fn(&mut Txn<'_>) -> CommandResult<T> + Send,
{
    /// A new command, and the receiver of its answer.
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
    F: Fn(&mut Txn<'_>) -> CommandResult<T> + Send,
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
            Err(CommandError::Refused(error)) => Some(Err(error)),
            Err(CommandError::Sql(error)) => return Err(error),
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
