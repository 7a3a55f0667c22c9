//! Saved views of a store in memory.

use super::gate::CallKind;
use super::handle::MemoryJournal;
use crate::{SavedView, Views, Wait};

impl Views for MemoryJournal {
    fn views(&self, owner: String) -> Wait<Vec<SavedView>> {
        self.call(CallKind::Read, move |state, _| {
            let own = state.views.iter().filter(|((of, _), _)| *of == owner);
            Ok(own.map(|(_, view)| view.clone()).collect())
        })
    }

    fn put_view(&self, owner: String, view: SavedView, most: u32) -> Wait<bool> {
        self.call(CallKind::PutView, move |state, _| {
            let others = state.views.keys().filter(|(of, name)| *of == owner && *name != view.name).count();
            if others >= usize::try_from(most).unwrap_or(usize::MAX) {
                return Ok(false);
            }
            state.views.insert((owner, view.name.clone()), view);
            Ok(true)
        })
    }

    fn delete_view(&self, owner: String, name: String) -> Wait<bool> {
        self.call(CallKind::PutView, move |state, _| Ok(state.views.remove(&(owner, name)).is_some()))
    }
}
