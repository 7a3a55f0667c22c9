//! A group commit: one transaction for everything that queued during the last one.

use super::checkpoint::checkpoint;
use super::command::Command;
use super::queue::Group;
use crate::failure::FailureKind;
use crate::room::Room;
use crate::seal::Sealer;
use crate::txn::{Swept, Txn, WriterState};
use crate::{account, exchanges};
use footbridge_journal::{Account, JournalError, Session};
use footbridge_model::exchange::ExchangeRecord;
use rusqlite::Connection;
use std::sync::{Mutex, PoisonError};

/// The state of the writer's thread.
#[derive(Debug)]
pub(crate) struct GroupCommit<'a> {
    pub(crate) conn: &'a Connection,
    pub(crate) sealer: &'a Sealer,
    pub(crate) room: &'a Room,
    pub(crate) published: &'a Mutex<Account>,
    pub(crate) state: WriterState,
    /// The position of retention and the session before the open transaction.
    pub(crate) before: (Swept, Session),
}

/// The outcome of a group, if the journal continues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum GroupOutcome {
    /// Everything was written that could be.
    Yes {
        /// The number of dropped exchange records.
        lost: usize,
    },
    /// There was no room. Commands that make the journal grow were refused; the others were written if they could be.
    /// The exchange records stay in the group.
    Full,
    /// Nothing was written, because something keeps the journal from its file. Everything stays in the group.
    Busy(String),
}

/// The reason for which the journal must stop.
#[derive(Debug)]
pub(crate) struct Broken(pub(crate) String);

impl GroupCommit<'_> {
    /// Writes a group and answers all of its callers, unless it returns [`GroupOutcome::Busy`]. After an error all
    /// callers have been answered, too.
    pub(crate) fn write(&mut self, group: &mut Group) -> Result<GroupOutcome, Broken> {
        let error = match self.transact(&mut group.commands, &group.records) {
            Ok(()) => {
                self.answer(group.commands.drain(..), &Ok(()));
                return Ok(GroupOutcome::Yes { lost: 0 });
            }
            Err(error) => error,
        };
        let broken = |commit: &Self, group: &mut Group, failed: Failed| {
            commit.answer(group.commands.drain(..), &Err(failed.error()));
            Broken(failed.reason)
        };
        match error {
            GroupError::Broken(failed) => Err(broken(self, group, failed)),
            error => {
                if let Err(reason) = self.undo() {
                    return Err(broken(self, group, Failed { reason, maybe_stored: false }));
                }
                match error {
                    GroupError::Busy(why) => Ok(GroupOutcome::Busy(why)),
                    GroupError::Full => self.in_room_of_the_log(group),
                    _ => self.one_by_one(group),
                }
            }
        }
    }

    /// Runs each command alone after one failed half-way, so that only that one is undone.
    fn one_by_one(&mut self, group: &mut Group) -> Result<GroupOutcome, Broken> {
        self.each_alone(group)?;
        let mut lost = 0;
        for record in group.records.drain(..) {
            match self.alone(&mut [], std::slice::from_ref(&record)) {
                Ok(kept) => lost += usize::from(kept.is_err()),
                Err(failed) => return Err(Broken(failed.reason)),
            }
        }
        Ok(GroupOutcome::Yes { lost })
    }

    /// Tries again after there was no room: a checkpoint lets the log start again in the room it has.
    fn in_room_of_the_log(&mut self, group: &mut Group) -> Result<GroupOutcome, Broken> {
        let carried = self.carry_over(group)?;
        if !carried || self.room.is_full() {
            return self.without_growth(group);
        }
        match self.alone(&mut group.commands, &group.records) {
            Ok(Ok(())) => {
                self.answer(group.commands.drain(..), &Ok(()));
                Ok(GroupOutcome::Yes { lost: 0 })
            }
            Ok(Err(_)) => self.without_growth(group),
            Err(failed) => {
                self.answer(group.commands.drain(..), &Err(failed.error()));
                Err(Broken(failed.reason))
            }
        }
    }

    /// Makes a checkpoint, and returns true if there was room for it.
    fn carry_over(&self, group: &mut Group) -> Result<bool, Broken> {
        checkpoint(self.conn, self.room).map(|full| !full).map_err(|reason| {
            let stopped = JournalError::Stopped(reason.clone());
            self.answer(group.commands.drain(..), &Err(stopped));
            Broken(reason)
        })
    }

    /// Refuses the commands that make the journal grow, releases the reserve if there is one, and writes the others.
    fn without_growth(&mut self, group: &mut Group) -> Result<GroupOutcome, Broken> {
        self.room.release_some();
        self.carry_over(group)?;
        let portion = &mut self.state.swept.portion;
        *portion = (*portion / 4).max(1);
        let growing = group.commands.extract_if(.., |command| command.grows()).collect::<Vec<_>>();
        self.answer(growing, &Err(JournalError::Full));
        self.each_alone(group)?;
        Ok(GroupOutcome::Full)
    }

    fn each_alone(&mut self, group: &mut Group) -> Result<(), Broken> {
        group.commands.reverse();
        while let Some(command) = group.commands.last_mut() {
            match self.alone(std::slice::from_mut(command), &[]) {
                Ok(result) => self.answer(group.commands.pop(), &result),
                Err(failed) => {
                    self.answer(group.commands.pop(), &Err(failed.error()));
                    let rest = JournalError::Stopped(failed.reason.clone());
                    self.answer(group.commands.drain(..), &Err(rest));
                    return Err(Broken(failed.reason));
                }
            }
        }
        Ok(())
    }

    fn alone(
        &mut self,
        commands: &mut [Box<dyn Command>],
        records: &[ExchangeRecord],
    ) -> Result<Result<(), JournalError>, Failed> {
        let error = match self.transact(commands, records) {
            Ok(()) => return Ok(Ok(())),
            Err(GroupError::Broken(failed)) => return Err(failed),
            Err(GroupError::Full) => JournalError::Full,
            Err(GroupError::Busy(why)) => JournalError::Busy(why),
            Err(GroupError::Own(error)) => error,
        };
        self.undo().map_err(|reason| Failed { reason, maybe_stored: false })?;
        Ok(Err(error))
    }

    fn transact(
        &mut self,
        commands: &mut [Box<dyn Command>],
        records: &[ExchangeRecord],
    ) -> Result<(), GroupError> {
        self.execute(commands, records).map_err(|error| self.judge(&error, false))?;
        let commit = self.conn.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([]));
        commit.map(drop).map_err(|error| self.judge(&error, true))
    }

    fn judge(&self, error: &rusqlite::Error, committing: bool) -> GroupError {
        match FailureKind::of(error, || self.room.is_refused()) {
            FailureKind::Full => GroupError::Full,
            FailureKind::Busy(why) => GroupError::Busy(why),
            FailureKind::Own(error) => GroupError::Own(error),
            FailureKind::Broken(reason) => GroupError::Broken(Failed { reason, maybe_stored: committing }),
        }
    }

    fn execute(
        &mut self,
        commands: &mut [Box<dyn Command>],
        records: &[ExchangeRecord],
    ) -> rusqlite::Result<()> {
        let before = self.state.account;
        self.before = (self.state.swept, self.state.session);
        // The lock at once: where another program has it, nothing of the work was done yet.
        self.conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let mut txn = Txn { conn: self.conn, state: &mut self.state, sealer: self.sealer };
        for command in commands {
            command.run(&mut txn)?;
        }
        exchanges::insert_all(&txn, records)?;
        if self.state.account != before {
            account::store(self.conn, &self.state.account)?;
        }
        Ok(())
    }

    /// Rolls back to what is on the disk.
    fn undo(&mut self) -> Result<(), String> {
        // Some errors have rolled back already.
        if !self.conn.is_autocommit() {
            self.conn.execute_batch("ROLLBACK").map_err(|error| error.to_string())?;
        }
        self.state = WriterState::load(self.conn).map_err(|error| error.to_string())?;
        (self.state.swept, self.state.session) = self.before;
        Ok(())
    }

    /// Answers the callers of `commands`.
    pub(crate) fn answer(
        &self,
        commands: impl IntoIterator<Item = Box<dyn Command>>,
        result: &Result<(), JournalError>,
    ) {
        *self.published.lock().unwrap_or_else(PoisonError::into_inner) = self.state.account;
        for command in commands {
            command.answer(result.clone());
        }
    }
}

/// Why a transaction was not written.
enum GroupError {
    Full,
    Busy(String),
    Own(JournalError),
    Broken(Failed),
}

/// An error after which nothing can be trusted.
struct Failed {
    reason: String,
    /// True if the commit failed, so that the transaction may be stored.
    maybe_stored: bool,
}

impl Failed {
    /// The error for the callers whose commands were in the transaction.
    fn error(&self) -> JournalError {
        let reason = self.reason.clone();
        if self.maybe_stored { JournalError::Unknown(reason) } else { JournalError::Stopped(reason) }
    }
}
