//! Saved views of the console.

use super::build::Engine;
use crate::detached::detached;
use footbridge_journal::{JournalError, SavedView};

impl Engine {
    /// The views of an owner, by name.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn views(&self, owner: String) -> Result<Vec<SavedView>, JournalError> {
        self.0.journal.views(owner).await
    }

    /// Stores a view, in place of the one of the same name. Returns false if the owner has `most` others already.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn put_view(&self, owner: String, view: SavedView, most: u32) -> Result<bool, JournalError> {
        let inner = self.0.clone();
        detached(async move { inner.journal.put_view(owner, view, most).await }).await
    }

    /// Deletes a view, and returns true if there was one.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn delete_view(&self, owner: String, name: String) -> Result<bool, JournalError> {
        let inner = self.0.clone();
        detached(async move { inner.journal.delete_view(owner, name).await }).await
    }
}
