//! The apps of hooks, read once in a search.

use crate::failure::CommandResult;
use rusqlite::{Connection, OptionalExtension as _};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::rc::Rc;

/// The apps of the hooks that a search has seen.
pub(super) struct HookApps<'c> {
    conn: &'c Connection,
    known: HashMap<i64, Rc<str>>,
}

impl<'c> HookApps<'c> {
    pub(super) fn new(conn: &'c Connection) -> Self {
        Self { conn, known: HashMap::new() }
    }

    /// Returns the app that owns a hook; empty if the hook's row is gone.
    pub(super) fn of(&mut self, hook: i64) -> CommandResult<Rc<str>> {
        Ok(match self.known.entry(hook) {
            Entry::Occupied(known) => Rc::clone(known.get()),
            Entry::Vacant(place) => {
                let mut select = self.conn.prepare_cached("SELECT app FROM hooks WHERE id = ?1")?;
                let app: Option<String> = select.query_row([hook], |row| row.get(0)).optional()?;
                Rc::clone(place.insert(app.unwrap_or_default().into()))
            }
        })
    }
}
