//! One transaction: everything that queued while the last one was written.

use super::checkpoint::checkpoint;
use super::command::Command;
use super::queue::Group;
use crate::fault::Trouble;
use crate::room::Room;
use crate::seal::Sealer;
use crate::txn::{State, Swept, Txn};
use crate::{account, exchanges};
use footbridge_journal::{Account, JournalError};
use footbridge_model::exchange::ExchangeRecord;
use rusqlite::Connection;
use std::sync::{Mutex, PoisonError};

/// What the writer thread owns.
#[derive(Debug)]
pub(crate) struct Desk<'a> {
    pub(crate) conn: &'a Connection,
    pub(crate) sealer: &'a Sealer,
    pub(crate) room: &'a Room,
    pub(crate) published: &'a Mutex<Account>,
    pub(crate) state: State,
    /// How far retention had looked before the open transaction.
    pub(crate) swept: Swept,
}

/// What became of a group that did not break the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Written {
    /// All that could be.
    Yes {
        /// Notes left out.
        lost: usize,
    },
    /// There was no room: what makes the journal grow was refused, the rest written if it could be. The notes are
    /// left in the group.
    Full,
    /// Nothing, for something keeps the journal from its file. All of the group is left in it.
    Busy(String),
}

/// Why the journal must stop.
#[derive(Debug)]
pub(crate) struct Broken(pub(crate) String);

impl Desk<'_> {
    /// Writes a group and answers everyone in it, unless it gives [`Written::Busy`]. After an error everyone in the
    /// group has been answered, too.
    pub(crate) fn write(&mut self, group: &mut Group) -> Result<Written, Broken> {
        let trouble = match self.transact(&mut group.commands, &group.notes) {
            Ok(()) => {
                self.answer(group.commands.drain(..), &Ok(()));
                return Ok(Written::Yes { lost: 0 });
            }
            Err(trouble) => trouble,
        };
        let broken = |desk: &Self, group: &mut Group, failed: Failed| {
            desk.answer(group.commands.drain(..), &Err(failed.told()));
            Broken(failed.reason)
        };
        match trouble {
            Unwritten::Broken(failed) => Err(broken(self, group, failed)),
            trouble => {
                if let Err(reason) = self.undo() {
                    return Err(broken(self, group, Failed { reason, perhaps: false }));
                }
                match trouble {
                    Unwritten::Busy(why) => Ok(Written::Busy(why)),
                    Unwritten::Full => self.in_room_of_the_log(group),
                    _ => self.one_by_one(group),
                }
            }
        }
    }

    /// After a command failed half-way: each alone, so that only that one is undone.
    fn one_by_one(&mut self, group: &mut Group) -> Result<Written, Broken> {
        self.each_alone(group)?;
        let mut lost = 0;
        for note in group.notes.drain(..) {
            match self.alone(&mut [], std::slice::from_ref(&note)) {
                Ok(kept) => lost += usize::from(kept.is_err()),
                Err(failed) => return Err(Broken(failed.reason)),
            }
        }
        Ok(Written::Yes { lost })
    }

    /// After there was no room: once the log is carried over, it begins anew in room that it has already.
    fn in_room_of_the_log(&mut self, group: &mut Group) -> Result<Written, Broken> {
        let carried = self.carry_over(group)?;
        if !carried || self.room.is_full() {
            return self.without_growth(group);
        }
        match self.alone(&mut group.commands, &group.notes) {
            Ok(Ok(())) => {
                self.answer(group.commands.drain(..), &Ok(()));
                Ok(Written::Yes { lost: 0 })
            }
            Ok(Err(_)) => self.without_growth(group),
            Err(failed) => {
                self.answer(group.commands.drain(..), &Err(failed.told()));
                Err(Broken(failed.reason))
            }
        }
    }

    /// Carries the log over, giving whether there was room for that.
    fn carry_over(&self, group: &mut Group) -> Result<bool, Broken> {
        checkpoint(self.conn, self.room).map(|full| !full).map_err(|reason| {
            let stopped = JournalError::Stopped(reason.clone());
            self.answer(group.commands.drain(..), &Err(stopped));
            Broken(reason)
        })
    }

    /// After there was no room at all: room is made if there is a reserve, and used for nothing that grows.
    fn without_growth(&mut self, group: &mut Group) -> Result<Written, Broken> {
        self.room.run_out();
        self.carry_over(group)?;
        let portion = &mut self.state.swept.portion;
        *portion = (*portion / 4).max(1);
        let growing = group.commands.extract_if(.., |command| command.grows()).collect::<Vec<_>>();
        self.answer(growing, &Err(JournalError::Full));
        self.each_alone(group)?;
        Ok(Written::Full)
    }

    fn each_alone(&mut self, group: &mut Group) -> Result<(), Broken> {
        group.commands.reverse();
        while let Some(command) = group.commands.last_mut() {
            match self.alone(std::slice::from_mut(command), &[]) {
                Ok(result) => self.answer(group.commands.pop(), &result),
                Err(failed) => {
                    self.answer(group.commands.pop(), &Err(failed.told()));
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
        notes: &[ExchangeRecord],
    ) -> Result<Result<(), JournalError>, Failed> {
        let error = match self.transact(commands, notes) {
            Ok(()) => return Ok(Ok(())),
            Err(Unwritten::Broken(failed)) => return Err(failed),
            Err(Unwritten::Full) => JournalError::Full,
            Err(Unwritten::Busy(why)) => JournalError::Busy(why),
            Err(Unwritten::Own(error)) => error,
        };
        self.undo().map_err(|reason| Failed { reason, perhaps: false })?;
        Ok(Err(error))
    }

    fn transact(
        &mut self,
        commands: &mut [Box<dyn Command>],
        notes: &[ExchangeRecord],
    ) -> Result<(), Unwritten> {
        self.execute(commands, notes).map_err(|error| self.judge(&error, false))?;
        let commit = self.conn.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([]));
        commit.map(drop).map_err(|error| self.judge(&error, true))
    }

    fn judge(&self, error: &rusqlite::Error, committing: bool) -> Unwritten {
        match Trouble::of(error, || self.room.is_refused()) {
            Trouble::Full => Unwritten::Full,
            Trouble::Busy(why) => Unwritten::Busy(why),
            Trouble::Own(error) => Unwritten::Own(error),
            Trouble::Broken(reason) => Unwritten::Broken(Failed { reason, perhaps: committing }),
        }
    }

    fn execute(
        &mut self,
        commands: &mut [Box<dyn Command>],
        notes: &[ExchangeRecord],
    ) -> rusqlite::Result<()> {
        let before = self.state.account;
        self.swept = self.state.swept;
        // The lock at once: where another program has it, nothing of the work was done yet.
        self.conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let mut txn = Txn { conn: self.conn, state: &mut self.state, sealer: self.sealer };
        for command in commands {
            command.run(&mut txn)?;
        }
        exchanges::insert_all(&txn, notes)?;
        if self.state.account != before {
            account::store(self.conn, &self.state.account)?;
        }
        Ok(())
    }

    /// Back to what is on disk.
    fn undo(&mut self) -> Result<(), String> {
        // Some errors have rolled back already.
        if !self.conn.is_autocommit() {
            self.conn.execute_batch("ROLLBACK").map_err(|error| error.to_string())?;
        }
        self.state = State::load(self.conn).map_err(|error| error.to_string())?;
        self.state.swept = self.swept;
        Ok(())
    }

    /// Tells everyone of `commands` what became of it.
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
enum Unwritten {
    Full,
    Busy(String),
    Own(JournalError),
    Broken(Failed),
}

/// An error after which nothing can be trusted.
struct Failed {
    reason: String,
    /// Whether it came while the transaction was made durable, so that it may be kept.
    perhaps: bool,
}

impl Failed {
    /// What those whose commands were in the transaction are told.
    fn told(&self) -> JournalError {
        let reason = self.reason.clone();
        if self.perhaps { JournalError::Unknown(reason) } else { JournalError::Stopped(reason) }
    }
}
