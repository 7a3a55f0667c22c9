//! The port of saved views of the console.

use crate::Wait;

/// A saved view: a screen with its filter, under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedView {
    /// The name, which is unique for its owner.
    pub name: String,
    /// The screen of the console.
    pub screen: String,
    /// The query of the screen's address.
    pub query: String,
}

/// Stores saved views. Each owner has views of their own.
pub trait Views: Send + Sync {
    /// Returns the views of an owner, by name.
    fn views(&self, owner: String) -> Wait<Vec<SavedView>>;

    /// Stores a view, in place of the one of the same name. Returns false if the owner has `most` others already; then
    /// nothing is stored.
    fn put_view(&self, owner: String, view: SavedView, most: u32) -> Wait<bool>;

    /// Deletes a view, and returns true if there was one.
    fn delete_view(&self, owner: String, name: String) -> Wait<bool>;
}
