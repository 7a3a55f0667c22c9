//! The uses of credentials of a store in memory.

use super::gate::CallKind;
use super::handle::MemoryJournal;
use super::state::State;
use crate::{CredentialUses, Wait};
use footbridge_model::app::App;
use footbridge_model::credential::{CredentialKind, CredentialUse};
use footbridge_model::name::AppName;

impl State {
    fn add_credential_use(&mut self, new: CredentialUse) {
        let key = (new.app.clone(), new.kind, new.uses_id);
        match self.credential_uses.get_mut(&key) {
            Some(known) => {
                known.count += new.count;
                known.last_at = known.last_at.max(new.last_at);
            }
            None => drop(self.credential_uses.insert(key, new)),
        }
    }

    /// Deletes the uses of values that an app has no longer.
    pub(super) fn forget_ended_credentials(&mut self, app: &App) {
        let has = |kind: CredentialKind, uses_id| app.secrets.of(kind).uses_ids().any(|id| id == uses_id);
        self.credential_uses.retain(|(name, kind, uses_id), _| *name != app.name || has(*kind, *uses_id));
    }

    /// Deletes the uses of all credentials of an app.
    pub(super) fn forget_credentials(&mut self, app: &AppName) {
        self.credential_uses.retain(|(name, ..), _| name != app);
    }
}

impl CredentialUses for MemoryJournal {
    fn add_credential_uses(&self, uses: Vec<CredentialUse>) -> Wait<()> {
        self.call(CallKind::AddTraffic, move |state, _| {
            for new in uses {
                state.add_credential_use(new);
            }
            Ok(())
        })
    }

    fn credential_uses(&self, app: AppName) -> Wait<Vec<CredentialUse>> {
        self.call(CallKind::Read, move |state, _| {
            let its = state.credential_uses.values().filter(|known| known.app == app);
            Ok(its.cloned().collect())
        })
    }
}
