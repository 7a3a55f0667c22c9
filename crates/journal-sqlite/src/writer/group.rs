//! One transaction: everything that queued while the last one was written.

use super::command::Command;
use super::queue::Group;
use crate::fault::Trouble;
use crate::seal::Sealer;
use crate::txn::{State, Txn};
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
    pub(crate) published: &'a Mutex<Account>,
    pub(crate) state: State,
}

/// What became of a group that did not break the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// All that could be.
    Yes {
        /// Notes left out.
        lost: usize,
    },
    /// Nothing, for want of room.
    Full,
}

impl Desk<'_> {
    /// Writes a group and answers everyone in it. An error is the reason why the journal must stop; whoever
    /// is left in the group then was not answered.
    pub(crate) fn write(&mut self, group: &mut Group) -> Result<Written, String> {
        let trouble = match self.transact(&mut group.commands, &group.notes) {
            Ok(()) => {
                self.answer(group.commands.drain(..), &Ok(()));
                return Ok(Written::Yes { lost: 0 });
            }
            Err(trouble) => trouble,
        };
        if let Trouble::Broken(reason) = trouble {
            return Err(reason);
        }
        self.undo()?;
        if trouble == Trouble::Full {
            self.answer(group.commands.drain(..), &Err(JournalError::Full));
            return Ok(Written::Full);
        }
        self.one_by_one(group)
    }

    /// After a command failed half-way: each alone, so that only that one is undone.
    fn one_by_one(&mut self, group: &mut Group) -> Result<Written, String> {
        group.commands.reverse();
        while let Some(command) = group.commands.last_mut() {
            let result = self.alone(std::slice::from_mut(command), &[])?;
            self.answer(group.commands.pop(), &result);
        }
        let mut lost = 0;
        for note in &group.notes {
            lost += usize::from(self.alone(&mut [], std::slice::from_ref(note))?.is_err());
        }
        Ok(Written::Yes { lost })
    }

    fn alone(
        &mut self,
        commands: &mut [Box<dyn Command>],
        notes: &[ExchangeRecord],
    ) -> Result<Result<(), JournalError>, String> {
        let error = match self.transact(commands, notes) {
            Ok(()) => return Ok(Ok(())),
            Err(Trouble::Broken(reason)) => return Err(reason),
            Err(Trouble::Full) => JournalError::Full,
            Err(Trouble::Own(error)) => error,
        };
        self.undo()?;
        Ok(Err(error))
    }

    fn transact(
        &mut self,
        commands: &mut [Box<dyn Command>],
        notes: &[ExchangeRecord],
    ) -> Result<(), Trouble> {
        self.execute(commands, notes).map_err(|error| Trouble::of(&error))
    }

    fn execute(
        &mut self,
        commands: &mut [Box<dyn Command>],
        notes: &[ExchangeRecord],
    ) -> rusqlite::Result<()> {
        let before = self.state.account;
        self.conn.prepare_cached("BEGIN")?.execute([])?;
        let mut txn = Txn { conn: self.conn, state: &mut self.state, sealer: self.sealer };
        for command in commands {
            command.run(&mut txn)?;
        }
        exchanges::insert_all(&txn, notes)?;
        if self.state.account != before {
            account::store(self.conn, &self.state.account)?;
        }
        self.conn.prepare_cached("COMMIT")?.execute([])?;
        Ok(())
    }

    /// Back to what is on disk.
    fn undo(&mut self) -> Result<(), String> {
        // Some errors have rolled back already.
        if !self.conn.is_autocommit() {
            self.conn.execute_batch("ROLLBACK").map_err(|error| error.to_string())?;
        }
        let swept = self.state.swept;
        self.state = State::load(self.conn).map_err(|error| error.to_string())?;
        self.state.swept = swept;
        Ok(())
    }

    fn answer(
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
