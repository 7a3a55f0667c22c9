//! Saved views of the console.

use crate::journal::SqliteJournal;
use footbridge_journal::{SavedView, Views, Wait};
use rusqlite::params;

impl Views for SqliteJournal {
    fn views(&self, owner: String) -> Wait<Vec<SavedView>> {
        self.read(&self.lists, move |conn| {
            let sql = "SELECT name, screen, query FROM views WHERE owner = ?1 ORDER BY name";
            let mut select = conn.prepare_cached(sql)?;
            let rows = select.query_map([&owner], |row| {
                Ok(SavedView { name: row.get(0)?, screen: row.get(1)?, query: row.get(2)? })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    fn put_view(&self, owner: String, view: SavedView, most: u32) -> Wait<bool> {
        let SavedView { name, screen, query } = view;
        self.writer.ask_room(owner.len() + name.len() + screen.len() + query.len(), move |txn| {
            let sql = "SELECT count(*) FROM views WHERE owner = ?1 AND name != ?2";
            let others = txn.first(sql, [&owner, &name], |row| row.get::<_, u32>(0))?.unwrap_or_default();
            if others >= most {
                return Ok(false);
            }
            let sql = "INSERT OR REPLACE INTO views (owner, name, screen, query) VALUES (?1, ?2, ?3, ?4)";
            txn.run(sql, params![owner, name, screen, query])?;
            Ok(true)
        })
    }

    fn delete_view(&self, owner: String, name: String) -> Wait<bool> {
        self.writer.ask(owner.len() + name.len(), move |txn| {
            Ok(txn.run("DELETE FROM views WHERE owner = ?1 AND name = ?2", [&owner, &name])? > 0)
        })
    }
}
